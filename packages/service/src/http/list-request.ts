import { type FilterFields, includeOf, includes, type ListQuery, parseListQuery } from '@mooring/rest';
import type { Page } from '../lists/page.ts';
import { invalidFields } from './validation.ts';

/** The part of a request's address after `?`. */
export const searchOf = (url: string): string => {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
};

/** @throws MooringError `request.invalid` naming the parameters */
export function listQueryOf(url: string, fields: FilterFields): ListQuery {
  const { query, problems } = parseListQuery(searchOf(url), fields);
  if (problems.length > 0) throw invalidFields(problems);
  return query;
}

/** Whether a request asks for this extra by `include`. */
export const asksFor = (url: string, extra: string): boolean => includes(includeOf(searchOf(url)), extra);

/** The list envelope around a page. */
export function listBody<Item, Body>({ items, hasMore, totalCount, query }: Page<Item>, bodyOf: (item: Item) => Body) {
  return {
    object: 'list' as const,
    limit: query.limit,
    after: query.after,
    ...(query.before === undefined ? {} : { before: query.before }),
    order: query.order,
    has_more: hasMore,
    ...(totalCount === undefined ? {} : { total_count: totalCount }),
    data: items.map(bodyOf),
  };
}
