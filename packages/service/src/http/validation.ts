import type { FieldProblem } from '@mooring/rest';
import { httpErrors } from './errors.ts';

/** As AJV reports it. */
export interface SchemaProblem {
  keyword: string;
  instancePath: string;
  params: Record<string, unknown>;
  message?: string | undefined;
}

const named: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

function sentence({ keyword, params, message }: SchemaProblem): string {
  const limit = String(params.limit);
  switch (keyword) {
    case 'required':
      return 'Is required.';
    case 'type': {
      const types = [params.type].flat().flatMap((type) => String(type).split(','));
      return `Has to be ${types.map((type) => named[type] ?? type).join(' or ')}.`;
    }
    case 'enum':
      return `Has to be one of ${(params.allowedValues as unknown[]).join(', ')}.`;
    case 'minLength':
      return limit === '1' ? 'Must not be empty.' : `Has to have at least ${limit} characters.`;
    case 'maxLength':
      return `Has to have at most ${limit} characters.`;
    case 'maxItems':
    case 'maxProperties':
      return `Has to have at most ${limit} entries.`;
    case 'minimum':
    case 'maximum':
      return `Has to be ${keyword === 'minimum' ? 'at least' : 'at most'} ${limit}.`;
    case 'pattern':
      return 'Has characters or a form that are not allowed here.';
    default:
      return `Is wrong: ${message ?? keyword}.`;
  }
}

function problemOf(problem: SchemaProblem): FieldProblem {
  const path = problem.instancePath.split('/').filter((part) => part !== '');
  if (problem.keyword === 'required') path.push(String(problem.params.missingProperty));
  return { name: path.join('.') || 'body', message: sentence(problem) };
}

/** The error for a body that its schema refuses. */
export function invalidBody(problems: readonly SchemaProblem[]) {
  return invalidFields(problems.map(problemOf));
}

/** The error for fields or parameters that are wrong. */
export function invalidFields(fields: readonly FieldProblem[]) {
  const [first] = fields;
  return httpErrors('request.invalid', {
    message: first === undefined ? 'The request is wrong.' : `The request is wrong at ${first.name}: ${first.message}`,
    next: 'Correct the fields that are named.',
    data: { fields },
  });
}
