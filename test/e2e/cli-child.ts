import { execFile } from "node:child_process";
import { PORTCULLIS } from "./served.ts";

/** How one command line ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  /** Without the lines that only say what takes longer than a second: on a busy machine anything may. */
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Runs the real command line as a child, as a user's shell does: nothing of this process's environment but PATH. */
export function portcullis(
  { cwd, env = {}, stdin = "" }: Surroundings,
  ...args: readonly string[]
): Promise<Ended> {
  const [node = "", ...script] = PORTCULLIS;
  return new Promise((resolve) => {
    // A command that should have ended, such as a gateway that should not have started, must not hold the tests up.
    const options = { cwd, env: { PATH: process.env["PATH"], HOME: cwd, ...env }, timeout: 50_000 };
    const child = execFile(node, [...script, ...args], options, (error, stdout, told) => {
      const stderr = told.replaceAll(/^.* …\n/gm, "");
      resolve({
        code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
        stdout,
        stderr,
      });
    });
    child.stdin?.end(stdin);
  });
}

/** The JSON that is all of standard output, one line. */
export function jsonOf({ code, stdout, stderr }: Ended): unknown {
  if (!/^[^\n]+\n$/.test(stdout)) throw new Error(`exit code ${code}, not one line: ${stdout}${stderr}`);
  return JSON.parse(stdout);
}
