import type { RouteOptions } from 'fastify';

/** Knows which methods a path has, so that the wrong method can be told apart from the wrong path. */
export class KnownPaths {
  readonly #routes: { pattern: RegExp; methods: string[] }[] = [];

  add({ url, method }: Pick<RouteOptions, 'url' | 'method'>): void {
    const parts = url.split('/').map((part) => {
      if (part.startsWith(':')) return '[^/]+';
      if (part === '*') return '.*';
      return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    });
    this.#routes.push({ pattern: new RegExp(`^${parts.join('/')}/?$`), methods: [method].flat() });
  }

  /** The methods that a path has; empty if there is no such path. */
  methodsOf(url: string): string[] {
    const path = (url.split('?')[0] ?? '').replace(/\/{2,}/g, '/');
    const found = this.#routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
    return [...new Set(found)].sort();
  }
}
