import { type Static, Type } from 'typebox';
import { Email, Etag, Id, Milliseconds, Name, Nullable, OneOf, Text, Time } from './fields.ts';

export const PasswordPolicy = Type.Object(
  { minimum_length: Type.Integer({ minimum: 8, maximum: 512, description: 'Least length of a password.' }) },
  { $id: 'PasswordPolicy' },
);
export type PasswordPolicy = Static<typeof PasswordPolicy>;

export const FeaturePolicy = Type.Object(
  {
    feature: Type.String({ description: 'Name of the feature.', examples: ['developer-certificates'] }),
    resource: Type.String({ description: 'Path that the policy is about.' }),
    action: Type.String({ description: 'HTTP methods, comma-separated; empty for all.' }),
    allow: Type.Boolean(),
    inherited: Type.Boolean({ description: 'It comes from the service and was not set for this account.' }),
  },
  { $id: 'FeaturePolicy' },
);
export type FeaturePolicy = Static<typeof FeaturePolicy>;

/** What the owner of an account may write into it (AccountUpdateReq), under the names of the contract. */
const profile = {
  display_name: Nullable(Text('Name of the account as people see it.')),
  company: Nullable(Text('Company.')),
  contact: Nullable(Text('Contact person.')),
  email: Nullable(Email('E-mail address of the company.')),
  phone_number: Nullable(Text('Telephone number.')),
  address_line1: Nullable(Text('Postal address, first line.')),
  address_line2: Nullable(Text('Postal address, second line.')),
  city: Nullable(Text('City.')),
  state: Nullable(Text('State or province.')),
  postal_code: Nullable(Text('Postal code.')),
  country: Nullable(Text('Country.')),
  custom_fields: Nullable(
    Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string' },
      maxProperties: 10,
      description: 'Texts of your own.',
    }),
  ),
  expiration_warning_threshold: Nullable(
    Type.Integer({ minimum: 1, maximum: 180, description: 'Days of warning before the account expires.' }),
  ),
  idle_timeout: Nullable(Type.Integer({ minimum: 1, maximum: 120, description: 'Minutes until a session ends.' })),
  mfa_status: Nullable(OneOf(['enforced', 'optional'], 'Whether a second factor is demanded.')),
} as const;

const aliases = Type.Array(Type.String({ pattern: '^[\\w\\-.]{8,100}$' }), {
  maxItems: 10,
  description: 'Other names of the account.',
});
const notificationEmails = Type.Array(Email('Address for notifications.'), { maxItems: 100 });
const passwordRecovery = Type.Integer({
  minimum: 1,
  maximum: 45,
  description: 'Minutes for which a password recovery mail holds.',
});

const updatable = {
  ...profile,
  aliases: Nullable(aliases),
  end_market: Nullable(Text('What the account is used for.')),
  notification_emails: Nullable(notificationEmails),
  password_policy: Nullable(
    Type.Unsafe<PasswordPolicy>({
      type: 'object',
      properties: { minimum_length: PasswordPolicy.properties.minimum_length },
      required: ['minimum_length'],
    }),
  ),
  password_recovery_expiration: Nullable(passwordRecovery),
} as const;

export const AccountUpdateReq = Type.Partial(Type.Object(updatable), { $id: 'AccountUpdateReq' });
export type AccountUpdateReq = Static<typeof AccountUpdateReq>;

export const AccountInfo = Type.Object(
  {
    object: OneOf(['account'], 'Always `account`.'),
    id: Id('The account.'),
    etag: Etag(),
    status: OneOf(['ENROLLING', 'ACTIVE', 'RESTRICTED', 'SUSPENDED'], 'State of the account.'),
    tier: Type.String({ description: '`0` free, `1` commercial, `2` partner.' }),
    end_market: Type.String({ description: 'What the account is used for.' }),
    ...Type.Partial(Type.Object(profile)).properties,
    aliases: Type.Optional(aliases),
    notification_emails: Type.Optional(notificationEmails),
    password_policy: Type.Optional(updatable.password_policy),
    password_recovery_expiration: Type.Optional(passwordRecovery),
    parent_id: Type.Optional(Nullable(Id('Parent account, if any.'))),
    template_id: Type.Optional(Nullable(Id('Template of the account, if any.'))),
    customer_number: Type.Optional(Nullable(Text('Number of the customer.'))),
    contract_number: Type.Optional(Nullable(Text('Number of the contract.'))),
    sales_contact: Type.Optional(Nullable(Email('Address of the sales contact.'))),
    reason: Type.Optional(Nullable(Text('Why the state was changed last.'))),
    reference_note: Type.Optional(Nullable(Text('Note to the change of state.'))),
    expiration: Type.Optional(Nullable(Time('When the account expires.'))),
    limits: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Limits of the account as texts, with `include=limits`.',
      }),
    ),
    policies: Type.Optional(
      Type.Unsafe<FeaturePolicy[]>({
        type: 'array',
        items: Type.Ref('FeaturePolicy'),
        description: 'What the account may use, with `include=policies`.',
      }),
    ),
    sub_accounts: Type.Optional(
      Type.Array(Type.Unknown(), { description: 'Accounts below this one, with `include=sub_accounts`: none.' }),
    ),
    created_at: Time('Creation.'),
    updated_at: Time('Last change.'),
  },
  { $id: 'AccountInfo' },
);
export type AccountInfo = Static<typeof AccountInfo>;

const keyStatus = OneOf(['ACTIVE', 'INACTIVE'], 'An inactive key is refused.');
const keyGroups = Type.Array(Type.String(), {
  maxItems: 100,
  description: 'Ids of the policy groups whose permissions the key has.',
});
const keyOwner = Type.String({ description: 'Id of the owner: who made the key, unless it is set.', maxLength: 32 });

const keyEnd = Nullable(Time('The key is refused from then on. Absent or null: it does not end by itself. Ours.'));

export const ApiKeyInfoReq = Type.Object(
  {
    name: Name('Name of the key.'),
    groups: Type.Optional(keyGroups),
    owner: Type.Optional(keyOwner),
    status: Type.Optional(keyStatus),
    expires_at: Type.Optional(keyEnd),
  },
  { $id: 'ApiKeyInfoReq' },
);
export type ApiKeyInfoReq = Static<typeof ApiKeyInfoReq>;

export const ApiKeyUpdateReq = Type.Object(
  {
    name: Type.Optional(Name('Name of the key.')),
    groups: Type.Optional(keyGroups),
    owner: Type.Optional(keyOwner),
    status: Type.Optional(keyStatus),
    expires_at: Type.Optional(keyEnd),
  },
  { $id: 'ApiKeyUpdateReq' },
);
export type ApiKeyUpdateReq = Static<typeof ApiKeyUpdateReq>;

export const ApiKeyInfoResp = Type.Object(
  {
    object: OneOf(['api-key'], 'Always `api-key`.'),
    id: Id('The API key.'),
    etag: Etag(),
    account_id: Id('Account of the key.'),
    name: Text('Name of the key.'),
    key: Type.String({
      description:
        'The key. Whole (111 characters) only in the answer that makes it or resets its secret; without its secret (79 characters) in all others.',
    }),
    owner: Id('Owner of the key.'),
    groups: keyGroups,
    status: keyStatus,
    creation_time: Milliseconds('Creation, in milliseconds since 1970.'),
    last_login_time: Milliseconds('Last use, in milliseconds since 1970, to the minute; 0 if never used.'),
    expires_at: Type.Optional(Time('The key is refused from then on. Absent: it does not end by itself. Ours.')),
    created_at: Time('Creation.'),
    updated_at: Time('Last change.'),
  },
  { $id: 'ApiKeyInfoResp' },
);
export type ApiKeyInfoResp = Static<typeof ApiKeyInfoResp>;
