import type { Name } from '@mooring/pki';
import { noClockValidity } from '@mooring/pki';
import { isMooringError } from '@mooring/platform';
import { type CommandContext, terminalErrors } from '@mooring/terminal';
import { manifestToolErrors } from '../errors.ts';
import { projectFiles } from '../project-folder.ts';

/** What init wants to know for a new update certificate. */
export interface CertificateWishes {
  subject: Name;
  days: number;
}

/** What options said already; undefined where nothing was. An empty text leaves the attribute out. */
export interface CertificateOptions {
  country?: string | undefined;
  state?: string | undefined;
  locality?: string | undefined;
  organization?: string | undefined;
  commonName?: string | undefined;
  validDays?: number | undefined;
}

type Field = keyof CertificateOptions;
type Answers = Record<Field, string>;

interface Question {
  field: Field;
  option: string;
  prompt: string;
  fallback: string;
}

const usualDays = 90;
const day = 86_400_000;

/** The six questions of 1.4.8 in its words: a script may wait for them. */
function questions(vendorDomain: string | null): Question[] {
  const commonName = 'What is the common name of the subject organization? ';
  const place = (field: Field, option: string, prompt: string): Question => ({ field, option, prompt, fallback: '' });
  return [
    place('country', '--country', 'In which country is the subject located? '),
    place('state', '--state', 'In which state or province is the subject located? '),
    place('locality', '--locality', 'In which city or region is the subject located? '),
    place('organization', '--organization', 'What is the name of the subject organization? '),
    {
      field: 'commonName',
      option: '--common-name',
      prompt: vendorDomain === null ? commonName : `${commonName}[${vendorDomain}]`,
      fallback: vendorDomain ?? '',
    },
    {
      field: 'validDays',
      option: '--valid-days',
      prompt: `How long (in days) should the certificate be valid? [${usualDays}]`,
      fallback: String(usualDays),
    },
  ];
}

const introduction = [
  `A certificate has not been provided to init, and no certificate is provided in ${projectFiles.certificate}`,
  'Init will now guide you through the creation of a certificate.',
  '',
  'This process will create a self-signed certificate, which is not suitable for production use.',
  '',
  'In the terminology used by certificates, the "subject" means the holder of the private key that matches a certificate.',
];

/** Why an answer cannot be used, or undefined. */
function objection(field: Field, answer: string, now: Date): string | undefined {
  if (field === 'validDays') {
    if (!/^\+?[0-9]+$/.test(answer) || Number(answer) === 0) return `"${answer}" is not a number of days, 1 or more.`;
    const longest = Math.floor((noClockValidity.notAfter.getTime() - now.getTime()) / day);
    if (Number(answer) > longest) {
      return `${answer} days are too many: a certificate cannot go beyond the year 9999, so ${longest} at most.`;
    }
    return undefined;
  }
  if (field === 'country' && answer !== '' && !/^[A-Za-z]{2}$/.test(answer)) {
    return `"${answer}" is not a country code: it has exactly two letters, such as UK or DE.`;
  }
  if (/[\u0000-\u001f\u007f\ufffd]/.test(answer) || !answer.isWellFormed()) {
    return 'The answer holds a character that is not text.';
  }
  return undefined;
}

function refuse(question: Question, reason: string): never {
  throw manifestToolErrors(question.field === 'validDays' ? 'init.validity.invalid' : 'init.subject.invalid', {
    message: `${question.prompt.replace(/\s*(\[.*\])?$/s, '')} ${reason}`,
    next: `Nothing was written. Give another answer, or ${question.option}.`,
    data: { field: question.field, option: question.option },
  });
}

/** Reads one answer; Ctrl-C ends the wait, which reading alone would not. */
async function ask(context: CommandContext, question: Question): Promise<string> {
  const { io, prompt, signal } = context;
  // What follows stands on a line of its own; in a pipe nothing is put between the questions.
  const endLine = () => io.stdin.isTTY && context.output.line();
  let stop = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    stop = () => {
      io.stdin.pause();
      endLine();
      reject(terminalErrors('interrupted', { message: 'Interrupted; nothing was written.', exitCode: 130 }));
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return (await Promise.race([prompt.ask(question.prompt), interrupted])).trim() || question.fallback;
  } catch (cause) {
    if (!isMooringError(cause) || cause.code !== 'input.ended') throw cause;
    endLine();
    throw manifestToolErrors('init.answers.missing', {
      message: `The input ended before "${question.prompt.trim()}" was answered; nothing was written.`,
      next: `Answer every question (an empty line takes what stands in brackets, or leaves it out), give ${question.option}, or use -q.`,
      cause,
      data: { option: question.option },
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function askOnTerminal(context: CommandContext, question: Question): Promise<string> {
  for (;;) {
    const answer = await ask(context, question);
    const reason = objection(question.field, answer, context.clock.now());
    if (reason === undefined) return answer;
    context.output.line(reason);
  }
}

/**
 * Options first, then questions for the rest unless `quiet`. A person gets a bad answer back with the reason; piped
 * answers are all read before any is judged, as 1.4.8 does.
 *
 * @throws MooringError `init.subject.invalid`, `init.validity.invalid`, `init.answers.missing`
 */
export async function certificateWishes(
  context: CommandContext,
  options: CertificateOptions,
  vendorDomain: string | null,
  quiet: boolean,
): Promise<CertificateWishes> {
  const all = questions(vendorDomain);
  const answers = {} as Answers;
  const judge = (question: Question) => {
    const reason = objection(question.field, answers[question.field], context.clock.now());
    if (reason !== undefined) refuse(question, reason);
  };
  const open: Question[] = [];
  for (const question of all) {
    const option = options[question.field];
    if (option === undefined && !quiet) {
      open.push(question);
      continue;
    }
    answers[question.field] = option === undefined ? question.fallback : String(option);
    judge(question);
  }
  if (open.length > 0) for (const line of introduction) context.output.line(line);
  for (const question of open) {
    const read = context.io.stdin.isTTY ? askOnTerminal : ask;
    answers[question.field] = await read(context, question);
  }
  for (const question of open) judge(question);
  const { validDays, ...subject } = answers;
  return {
    subject: Object.fromEntries(Object.entries(subject).filter(([, value]) => value !== '')),
    days: Number(validDays),
  };
}
