import { type Static, Type } from 'typebox';
import { Email, Id, Line, Nullable, OneOf, Time } from './fields.ts';

const Secret = (description: string, maxLength = 512) => Type.String({ minLength: 1, maxLength, description });

export const SignInReq = Type.Object(
  {
    email: Type.String({ minLength: 1, maxLength: 254, description: 'E-mail address of the user.' }),
    password: Secret('Password.'),
    code: Type.Optional(Secret('Six digits of the second factor, or a scratch code.', 32)),
    new_password: Type.Optional(Secret('New password, where one is demanded.')),
  },
  { $id: 'SignInReq' },
);
export type SignInReq = Static<typeof SignInReq>;

export const PortalSession = Type.Object(
  {
    object: OneOf(['portal-session'], 'Always `portal-session`.'),
    id: Id('The session; not what the browser holds.'),
    account_id: Id('Account of the user.'),
    account_name: Nullable(Type.String({ description: 'Name of the account.' })),
    user_id: Id('The user.'),
    email: Type.String({ description: 'E-mail address of the user.' }),
    full_name: Nullable(Type.String({ description: 'Name of the user.' })),
    groups: Type.Array(Type.String(), { description: 'Names of the groups of the user.' }),
    permissions: Type.Array(Type.String(), { description: 'What the session may do.' }),
    second_factor_needed: Type.Boolean({
      description:
        'The account demands a second factor, and this session has shown none: until it does it may only set one up.',
    }),
    is_totp_enabled: Type.Boolean({ description: 'A code is asked for besides the password.' }),
    idle_timeout: Type.Integer({ description: 'Minutes without a request until the session ends.' }),
    expires_at: Time('When the session ends, however much it is used.'),
  },
  { $id: 'PortalSession' },
);
export type PortalSession = Static<typeof PortalSession>;

export const PortalState = Type.Object(
  {
    object: OneOf(['portal-state'], 'Always `portal-state`.'),
    signed_in: Type.Boolean({ description: 'The request has the cookie of a session that has not ended.' }),
    has_users: Type.Boolean({
      description: 'Somebody can sign in; if not, the first administrator is yet to be made.',
    }),
    account_name: Nullable(Type.String({ description: 'Name of the account.' })),
    minimum_password_length: Type.Integer({ description: 'Least length of a new password.' }),
    version: Type.String({ description: 'Version of the service.' }),
  },
  { $id: 'PortalState' },
);
export type PortalState = Static<typeof PortalState>;

export const LinkToken = Type.Object(
  { token: Secret('What stands behind the # of a one-time link.', 100) },
  { $id: 'LinkToken' },
);
export type LinkToken = Static<typeof LinkToken>;

export const LinkFacts = Type.Object(
  {
    object: OneOf(['one-time-link-facts'], 'Always `one-time-link-facts`.'),
    purpose: OneOf(['first-administrator', 'invitation', 'password-reset'], 'What the link is for.'),
    account_name: Nullable(Type.String({ description: 'Name of the account.' })),
    email: Nullable(Type.String({ description: 'E-mail address of the user; null for the first administrator.' })),
    expires_at: Time('When it ends.'),
    minimum_password_length: Type.Integer({ description: 'Least length of a new password.' }),
  },
  { $id: 'LinkFacts' },
);
export type LinkFacts = Static<typeof LinkFacts>;

export const LinkRedemption = Type.Object(
  {
    token: Secret('What stands behind the # of a one-time link.', 100),
    password: Secret('The password to sign in with from now on.'),
    email: Type.Optional(Email('E-mail address; for the first administrator alone.')),
    full_name: Type.Optional(Nullable(Line('Name of the user.', 100))),
  },
  { $id: 'LinkRedemption' },
);
export type LinkRedemption = Static<typeof LinkRedemption>;

export const PasswordChange = Type.Object(
  { current_password: Secret('The present password.'), new_password: Secret('The new one.') },
  { $id: 'PasswordChange' },
);
export type PasswordChange = Static<typeof PasswordChange>;

export const PasswordProof = Type.Object(
  { current_password: Secret('The present password.') },
  { $id: 'PasswordProof' },
);
export type PasswordProof = Static<typeof PasswordProof>;

export const TotpSetup = Type.Object(
  {
    object: OneOf(['totp-setup'], 'Always `totp-setup`.'),
    secret: Type.String({ description: 'Base32, for typing in.' }),
    uri: Type.String({ description: '`otpauth://totp/…`, for a QR code.' }),
  },
  { $id: 'TotpSetup' },
);
export type TotpSetup = Static<typeof TotpSetup>;

export const TotpCode = Type.Object({ code: Secret('Six digits.', 32) }, { $id: 'TotpCode' });
export type TotpCode = Static<typeof TotpCode>;

export const ScratchCodes = Type.Object(
  {
    object: OneOf(['scratch-codes'], 'Always `scratch-codes`.'),
    codes: Type.Array(Type.String(), { description: 'Each good once, told in this answer alone.' }),
  },
  { $id: 'ScratchCodes' },
);
export type ScratchCodes = Static<typeof ScratchCodes>;
