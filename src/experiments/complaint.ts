/**
 * Something the user can mend, said in a sentence: shown without a stack trace.
 *
 * `exitCode` 1: the work failed. 2: the command was used wrongly.
 */
export class Complaint extends Error {
  override readonly name = "Complaint";
  readonly exitCode: 1 | 2;
  constructor(message: string, exitCode: 1 | 2 = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The work, its errors as complaints: for parts whose errors are sentences already. */
export async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof Complaint ? error : new Complaint((error as Error).message);
  }
}
