/** The texts that the contract of /v2 answers with instead of an error envelope. */
export type RefusalText =
  | 'ALREADY_DELETED'
  | 'ANOTHER_CHANNEL_EXISTS'
  | 'CALLBACK_NOT_ACCESSIBLE'
  | 'CHANNEL_DELETED'
  | 'CHANNEL_NOT_FOUND'
  | 'DEVICE_BLOCKED'
  | 'DEVICE_NOT_FOUND'
  | 'INVALID_ENDPOINT_NAME'
  | 'INVALID_ENDPOINT_NAME,INVALID_SECRET_HEX'
  | 'INVALID_LIMIT'
  | 'INVALID_SECRET_HEX'
  | 'KEY_ALREADY_EXISTS_FOR_ENDPOINT'
  | 'KEY_NOT_FOUND'
  | 'MALFORMED_ASYNC_ID'
  | 'MALFORMED_JSON_CONTENT'
  | 'MALFORMED_PRESUBSCRIPTION'
  | 'NON_CONFIRMABLE_NOT_SUPPORTED'
  | 'NOT_AN_API_KEY'
  | 'NOT_SUBSCRIBED'
  | 'PAYLOAD_TOO_LARGE'
  | 'POLL_EXISTS'
  | 'QUEUE_IS_FULL'
  | 'RESOURCE_NOT_FOUND'
  | 'TOKEN_NOT_FOUND'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'UPGRADE_REQUIRED';

/** An expected refusal of /v2: a status and a text that programs compare. */
export class Refusal extends Error {
  readonly status: number;
  readonly text: RefusalText;
  /** For a person, after the text; programs compare the first line. */
  readonly why: string | undefined;

  constructor(status: number, text: RefusalText, why?: string) {
    super(why ?? text);
    this.status = status;
    this.text = text;
    this.why = why;
  }
}
