import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Plugin } from 'esbuild';

const packages = join(import.meta.dirname, '../../packages');

/** The module that a name comes from, and what it is called there; `*` for all of the module. */
interface Origin {
  readonly file: string;
  readonly name: string;
}

const exported = /^export (type )?(\*|\* as (\w+)|\{([^}]*)\}) from '(\.[^']+)';$/gm;
const declared = /^export (?:async )?(?:const|let|function|class) (\w+)/gm;
const imported = /^import \{([^}]*)\} from '@mooring\/([a-z]+)';$/gm;

/** The parts of `{ a, type B, c as d }` that are values. */
function values(list: string): { name: string; alias: string }[] {
  return list.split(',').flatMap((part) => {
    const [name, alias = name] = part.trim().split(' as ');
    return name && alias && !name.startsWith('type ') ? [{ name, alias }] : [];
  });
}

/** Where the names are that the index of a package exports. */
function originsOf(index: string): Map<string, Origin> {
  const source = readFileSync(index, 'utf8');
  const origins = new Map<string, Origin>();
  for (const [, name = ''] of source.matchAll(declared)) origins.set(name, { file: index, name });
  for (const [, type, what, whole, list, path = ''] of source.matchAll(exported)) {
    const file = join(dirname(index), path);
    if (type) continue;
    if (whole) origins.set(whole, { file, name: '*' });
    else if (list) for (const { name, alias } of values(list)) origins.set(alias, { file, name });
    else if (what === '*') for (const [name, origin] of originsOf(file)) origins.set(name, origin);
  }
  return origins;
}

function importing({ file, name }: Origin, alias: string, from: string): string {
  const path = relative(dirname(from), file);
  const what = name === '*' ? `* as ${alias}` : name === alias ? `{ ${name} }` : `{ ${name} as ${alias} }`;
  return `import ${what} from '${path.startsWith('.') ? path : `./${path}`}';`;
}

/**
 * Has modules import from the file of a package that has the name, and not by way of its index. Whoever imports one name
 * from an index otherwise gets all of the package loaded and evaluated, which takes longer than what most commands do.
 */
export const directImports: Plugin = {
  name: 'direct-imports',
  setup(build) {
    const indexes = new Map<string, Map<string, Origin>>();
    const originsIn = (name: string): Map<string, Origin> => {
      const index = join(packages, name, 'src/index.ts');
      const origins = indexes.get(name) ?? (existsSync(index) ? originsOf(index) : new Map());
      indexes.set(name, origins);
      return origins;
    };
    build.onLoad({ filter: /\/packages\/[a-z-]+\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(imported, (statement, list: string, name: string) => {
        const origins = originsIn(name);
        const all = values(list);
        const left = all.filter(({ name }) => !origins.has(name));
        const direct = all.flatMap(({ name, alias }) => {
          const origin = origins.get(name);
          return origin ? [importing(origin, alias, path)] : [];
        });
        if (left.length === all.length && all.length > 0) return statement;
        const rest = left.map(({ name, alias }) => `${name} as ${alias}`).join(', ');
        return [...direct, ...(rest ? [`import { ${rest} } from '@mooring/${name}';`] : [])].join(' ');
      }),
      loader: 'ts',
    }));
  },
};
