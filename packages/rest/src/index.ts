export { fetchCertificateAuthority, normalFingerprint } from './client/certificate-authority.ts';
export { RestClient, type RestClientOptions, type RestRequest } from './client/client.ts';
export {
  bytesContent,
  type Content,
  type FormPart,
  fileContent,
  multipartForm,
  type Upload,
} from './client/multipart-form.ts';
export { type Found, type SdkSettings, type Surroundings, sdkSettings } from './client/sdk-settings.ts';
export { restErrors } from './errors.ts';
export {
  type FieldKind,
  type FieldProblem,
  type Filter,
  type FilterFields,
  type FilterValue,
  type Operator,
  parseTime,
} from './query/filter.ts';
export {
  includeOf,
  includes,
  type ListQuery,
  type Order,
  type ParsedListQuery,
  parseListQuery,
} from './query/list-query.ts';
export { matchesFilters } from './query/matches.ts';
export { queryPairs } from './query/pairs.ts';
export type * from './schemas/index.ts';

/**
 * The schemas of all bodies, by name. They come by a call because building them takes a tenth of a second, which
 * a command that only wants the client does not have.
 */
export const loadSchemas = (): Promise<typeof import('./schemas/index.ts')> => import('./schemas/index.ts');
