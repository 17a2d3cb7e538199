#!/usr/bin/env node
// The command line.
import { bundled } from "./bundled.mjs";

await import(await bundled("src/experiments/cli.ts"));
