import { restErrors } from '../errors.ts';

interface Page<Item> {
  data?: Item[];
  has_more?: boolean;
}

/** Entities per request. */
const pageSize = 100;

/**
 * Walks through a list page by page. Only `data` is needed in an answer; a page without `has_more` is the last.
 *
 * @throws MooringError `rest.answer.foreign` if the service sends the same page for ever
 */
export async function* pages<Item extends { id: string }>(
  fetch: (query: { limit: number; after?: string }) => Promise<Page<Item>>,
): AsyncGenerator<Item> {
  let after: string | undefined;
  for (;;) {
    const page = await fetch(after === undefined ? { limit: pageSize } : { limit: pageSize, after });
    const items = Array.isArray(page.data) ? page.data : [];
    yield* items;
    const last = items.at(-1)?.id;
    if (page.has_more !== true || last === undefined) return;
    if (last === after) {
      throw restErrors('rest.answer.foreign', {
        message: `The service sends the page after ${last} again and again.`,
        next: 'Report this to whoever runs the service.',
      });
    }
    after = last;
  }
}
