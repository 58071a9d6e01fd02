import { Module } from '@nestjs/common';
import { ConfigurableModuleClass } from './pathways.module-definition.js';

/** Holds one instance. Not part of the public API: applications meet it through `PathwaysModule`. */
@Module({})
export class PathwaysCoreModule extends ConfigurableModuleClass {}
