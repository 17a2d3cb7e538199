/**
 * The command `qgen`. Results go to standard output, progress and complaints to standard error. Exit codes:
 * 0 done, 1 failed, 2 used wrongly, 130 interrupted.
 *
 * @packageDocumentation
 */

import { Command, CommanderError } from "commander";
import { Complaint } from "./complaint.ts";
import { version } from "./environment.ts";
import { Interrupted } from "./run.ts";

/** The commands. Each is loaded when it is wanted: to load them all takes most of a second. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  train: async () => (await import("./commands/train.ts")).trainCommand(),
  reproduce: async () => (await import("./commands/reproduce.ts")).reproduceCommand(),
  sweep: async () => (await import("./commands/sweep.ts")).sweepCommand(),
  worker: async () => (await import("./commands/worker.ts")).workerCommand(),
  status: async () => (await import("./commands/status.ts")).statusCommand(),
  watch: async () => (await import("./commands/status.ts")).watchCommand(),
  pool: async () => (await import("./commands/pool.ts")).poolCommand(),
  measure: async () => (await import("./commands/measure.ts")).measureCommand(),
  landscape: async () => (await import("./commands/landscape.ts")).landscapeCommand(),
  corrupt: async () => (await import("./commands/corrupt.ts")).corruptCommand(),
  robustness: async () => (await import("./commands/robustness.ts")).robustnessCommand(),
  paper: async () => (await import("./commands/paper.ts")).paperCommand(),
  claims: async () => (await import("./commands/claims.ts")).claimsCommand(),
  data: async () => (await import("./commands/data.ts")).dataCommand(),
  doctor: async () => (await import("./commands/doctor.ts")).doctorCommand(),
  theory: async () => (await import("./commands/theory.ts")).theoryCommand(),
  spec: async () => (await import("./commands/spec.ts")).specCommand(),
};

async function createProgram(wanted: string | undefined): Promise<Command> {
  const program = new Command("qgen")
    .description("QGen: the generalization of quantization-aware training, as an executable specification.")
    .version(version())
    .showSuggestionAfterError()
    .showHelpAfterError("(add --help for what there is)");
  const one = Object.keys(commands).filter((name) => name === wanted);
  for (const name of one.length > 0 ? one : Object.keys(commands))
    program.addCommand(await commands[name]!());
  const everywhere = (command: Command): void => {
    command.exitOverride().copyInheritedSettings(program);
    command.commands.forEach(everywhere);
  };
  everywhere(program);
  return program;
}

function exitCodeOf(error: unknown): number {
  // Commander has said already what is wrong; asking for help is not an error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Interrupted) {
    console.error(`\n${error.message}`);
    return 130;
  }
  if (error instanceof Complaint) {
    console.error(`qgen: ${error.message}`);
    return error.exitCode;
  }
  // Errors of range are sentences about what was given; anything else is a defect, and shows where.
  console.error(error instanceof RangeError ? `qgen: ${error.message}` : error);
  return 1;
}

// A reader that closes early (`qgen … | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await (await createProgram(process.argv[2])).parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
