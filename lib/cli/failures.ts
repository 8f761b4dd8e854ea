// How a command fails. Anything else that is thrown is a defect of nonlin, and keeps its stack trace.

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {}

/** The command line is right and the work could not be done: exit code 1. */
export class Failure extends Error {}

/** Whoever reads a pipe has seen enough, as `head` has: no failure, exit code 0. */
export class Enough extends Error {}

/** Runs work on what the user gave: where it is refused, the reason is the user's to read. */
export function attempt<Result>(subject: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error) throw new Failure(`${subject}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** `ENOENT: no such file or directory, open 'x'` becomes `cannot read x: no such file or directory`. */
export function failed(verb: string, path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Failure) return error;
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') return new Enough(error.message, { cause: error });
  const reason = /^[A-Z]\w*: ([^,]+)/.exec(error.message)?.[1] ?? error.message;
  return new Failure(`cannot ${verb} ${path}: ${reason}`, { cause: error });
}
