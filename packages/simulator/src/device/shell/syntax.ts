/** What a command line means, before anything is expanded (POSIX.1 2018, Shell Command Language, 2.9 and 2.10). */
export type WordPart =
  | { kind: 'text'; text: string; quoted: boolean }
  /** `$NAME`, `${NAME}`, `$?`; `name` is `?` there. */
  | { kind: 'parameter'; name: string; quoted: boolean }
  | { kind: 'substitution'; script: Script; quoted: boolean };

export type Word = readonly WordPart[];

export interface Redirection {
  /** File descriptor on the left. */
  descriptor: number;
  operator: '<' | '>' | '>>' | '>&' | '<&';
  target: Word;
}

export interface SimpleCommand {
  kind: 'simple';
  assignments: readonly { name: string; value: Word }[];
  words: readonly Word[];
  redirections: readonly Redirection[];
}

export type Compound =
  /** `( … )`: changes of folder and variables end with it. */
  | { kind: 'subshell'; body: Script }
  /** `{ …; }` */
  | { kind: 'group'; body: Script }
  /** `for NAME in WORDS; do …; done` */
  | { kind: 'for'; name: string; words: readonly Word[]; body: Script }
  /** `if …; then …; elif …; else …; fi` */
  | { kind: 'if'; branches: readonly { condition: Script; body: Script }[]; otherwise: Script };

export type Command = SimpleCommand | (Compound & { redirections: readonly Redirection[] });

export interface Pipeline {
  negated: boolean;
  commands: readonly Command[];
}

/** Pipelines with what stands before each: run always, or only after success or failure. */
export type Script = readonly { after: ';' | '&&' | '||'; pipeline: Pipeline }[];

/** A command line that no shell, or not this one, can take. */
export class SyntaxFault extends Error {}
