/** What is told of a request when it was answered; nothing in it is the caller's own text. */
export interface AnsweredRequest {
  readonly id: string;
  readonly method: string;
  /** The pattern of the path: `/v3/api-keys/:apikey_id`; `unmatched` where there is no such path. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
  readonly actor: { readonly kind: string; readonly id: string } | undefined;
}

export const unmatched = 'unmatched';
