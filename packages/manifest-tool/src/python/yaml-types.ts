import type { Tags } from 'yaml';

/** PyYAML's rule for floats, which wants a dot and a sign in the exponent: `12e3` is a text, as some ids are. */
const float =
  '(?=(?:[-+]?[0-9][0-9_]*\\.[0-9_]*(?:[eE][-+][0-9]+)?|\\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN))$)';
/** `y` and `n` are texts. */
const boolean = '(?=...?)';

const narrowed: Readonly<Record<string, string>> = {
  'tag:yaml.org,2002:float': float,
  'tag:yaml.org,2002:bool': boolean,
};

/** The types of YAML 1.1 as PyYAML tells them apart, for the option `customTags` of `yaml`. */
export const pyYamlTypes = (tags: Tags): Tags =>
  tags.map((tag) => {
    const only = typeof tag === 'object' ? narrowed[tag.tag] : undefined;
    if (only === undefined || typeof tag !== 'object' || !('test' in tag) || !(tag.test instanceof RegExp)) return tag;
    return { ...tag, test: new RegExp(`^${only}${tag.test.source.replace(/^\^/, '')}`) } as typeof tag;
  });
