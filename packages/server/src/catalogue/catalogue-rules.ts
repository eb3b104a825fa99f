import { createClassifier, RULES_VERSION } from "@portcullis/catalogue";
import type { Rules } from "./store/rules.ts";

/** The rules of this version. */
export const CATALOGUE_RULES: Rules = { version: RULES_VERSION, classifier: createClassifier };
