#!/usr/bin/env node
import { createProgram } from './program.js';
import { reportFailure } from './report-failure.js';

createProgram().parseAsync(process.argv).catch(reportFailure);
