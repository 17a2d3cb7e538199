/**
 * The command `qgen`. Results go to standard output, progress and complaints to standard error. Exit codes:
 * 0 done, 1 failed, 2 used wrongly, 130 interrupted.
 *
 * @packageDocumentation
 */

import { Command, CommanderError } from "commander";
import { claimsCommand } from "./commands/claims.ts";
import { corruptCommand } from "./commands/corrupt.ts";
import { dataCommand } from "./commands/data.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { landscapeCommand } from "./commands/landscape.ts";
import { measureCommand } from "./commands/measure.ts";
import { paperCommand } from "./commands/paper.ts";
import { poolCommand } from "./commands/pool.ts";
import { reproduceCommand } from "./commands/reproduce.ts";
import { robustnessCommand } from "./commands/robustness.ts";
import { specCommand } from "./commands/spec.ts";
import { statusCommand, watchCommand } from "./commands/status.ts";
import { sweepCommand } from "./commands/sweep.ts";
import { theoryCommand } from "./commands/theory.ts";
import { trainCommand } from "./commands/train.ts";
import { workerCommand } from "./commands/worker.ts";
import { Complaint } from "./complaint.ts";
import { version } from "./environment.ts";
import { Interrupted } from "./run.ts";

function createProgram(): Command {
  const program = new Command("qgen")
    .description("QGen: the generalization of quantization-aware training, as an executable specification.")
    .version(version())
    .showSuggestionAfterError()
    .showHelpAfterError("(add --help for what there is)")
    .addCommand(trainCommand())
    .addCommand(reproduceCommand())
    .addCommand(sweepCommand())
    .addCommand(workerCommand())
    .addCommand(statusCommand())
    .addCommand(watchCommand())
    .addCommand(poolCommand())
    .addCommand(measureCommand())
    .addCommand(landscapeCommand())
    .addCommand(corruptCommand())
    .addCommand(robustnessCommand())
    .addCommand(paperCommand())
    .addCommand(claimsCommand())
    .addCommand(dataCommand())
    .addCommand(doctorCommand())
    .addCommand(theoryCommand())
    .addCommand(specCommand());
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
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
