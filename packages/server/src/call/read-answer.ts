import { isUtf8 } from "node:buffer";
import { err, type JsonObject, ok, own, type Result } from "@portcullis/policy";
import { readServerMessage } from "../mcp/server-message.ts";
import {
  type CheckedResponse,
  checkResponse,
  type ResponseProblem,
  type ResponseTools,
} from "./answer-response.ts";
import type { IntendedCall } from "./call.ts";
import type { ListMemo } from "./list-memo.ts";

export interface AnswerTools extends ResponseTools {
  readonly lists: ListMemo;
}

/** A JSON answer that may go to the client. */
export interface ReadAnswer extends Pick<CheckedResponse, "status" | "ending"> {
  /** The response itself; undefined for a list that is known. */
  readonly value: JsonObject | undefined;
  /** What the client gets: the server's own bytes, unless something had to change. */
  readonly text: Buffer | string;
}

/** `unusable`: it is no response to this request at all, so that only its status says something. */
export type AnswerProblem = ResponseProblem | { readonly kind: "unusable" };

/** Reads the JSON body that answers a request, and checks it. */
export function readAnswer(
  call: IntendedCall,
  httpStatus: number,
  body: Buffer,
  tools: AnswerTools,
): Result<ReadAnswer, AnswerProblem> {
  const { lists, ports } = tools;
  const known = httpStatus === 200 ? lists.recall(call, body, ports) : undefined;
  if (known !== undefined)
    return ok({ value: undefined, text: known, status: "ok", ending: { kind: "other" } });

  const value = isUtf8(body) ? readServerMessage(body.toString("utf8")) : undefined;
  const isFine = httpStatus >= 200 && httpStatus < 300;
  if (value === undefined || (!isFine && !isResponseTo(call, value))) return err({ kind: "unusable" });
  const checked = checkAnswer(call, value, tools);
  if (!checked.ok) return checked;
  const { replaced, status, ending } = checked.value;
  if (replaced === undefined) return ok({ value, text: body, status, ending });
  const text = JSON.stringify(replaced);
  if (httpStatus === 200) lists.keep(call, body, text, ports);
  return ok({ value, text, status, ending });
}

/** The response to the request of `call`, in whatever way it came. */
export function checkAnswer(
  call: IntendedCall,
  value: JsonObject,
  tools: ResponseTools,
): Result<CheckedResponse, ResponseProblem> {
  const { message } = call.call;
  if (message?.kind !== "request") throw new TypeError("only a request has a response");
  return checkResponse(call, message, value, tools);
}

export function isResponseTo({ call }: IntendedCall, value: JsonObject): boolean {
  const { message } = call;
  return message?.kind === "request" && own(value, "id") === message.id && !Object.hasOwn(value, "method");
}
