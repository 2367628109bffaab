import { yamlScalar } from './yaml-scalar.ts';

export type YamlValue =
  | string
  | number
  | bigint
  | boolean
  | readonly YamlValue[]
  | { readonly [name: string]: YamlValue };

const isList = (value: YamlValue): value is readonly YamlValue[] => Array.isArray(value);

function scalar(value: string | number | bigint | boolean, column: number, indent: number): string {
  return typeof value === 'string' ? yamlScalar(value, column, indent) : String(value);
}

/** @param column of what is written next, after a name or a dash */
function entry(head: string, value: YamlValue, indent: number, listIndent: number): string {
  if (typeof value !== 'object') return `${head} ${scalar(value, indent + head.length + 1, indent + 2)}\n`;
  if (isList(value)) {
    return value.length === 0 ? `${head} []\n` : `${head}\n${items(value, listIndent)}`;
  }
  return Object.keys(value).length === 0 ? `${head} {}\n` : `${head}\n${mapping(value, indent + 2)}`;
}

function items(list: readonly YamlValue[], indent: number): string {
  const pad = ' '.repeat(indent);
  return list
    .map((item) => {
      if (typeof item !== 'object') return `${pad}- ${scalar(item, indent + 2, indent + 2)}\n`;
      // The first line of what is in the item stands behind the dash.
      const inner = isList(item) ? items(item, indent + 2) : mapping(item, indent + 2);
      return `${pad}- ${inner.slice(indent + 2)}`;
    })
    .join('');
}

function mapping(value: { readonly [name: string]: YamlValue }, indent: number): string {
  const pad = ' '.repeat(indent);
  return Object.entries(value)
    .map(([name, inner]) => `${pad}${entry(`${name}:`, inner, indent, indent)}`)
    .join('');
}

/** Block style as `yaml.dump(…, default_flow_style=False, sort_keys=False)` writes it; names are plain words. */
export const dumpYaml = (value: { readonly [name: string]: YamlValue }): string => mapping(value, 0);
