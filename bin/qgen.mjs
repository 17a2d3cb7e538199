#!/usr/bin/env node
// The command line: TypeScript run as it is.
import { register } from "tsx/esm/api";

register();
await import("../src/experiments/cli.ts");
