import { runMblCli } from './run.ts';

/** The programs of this package by the name of their command. */
export const programs = { 'mbl-cli': runMblCli } as const;
