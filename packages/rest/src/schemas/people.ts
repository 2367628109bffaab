import { type Static, type TSchema, Type } from 'typebox';
import { Email, Etag, Id, Line, Milliseconds, Name, Nullable, OneOf, Text, Time } from './fields.ts';

const userStatus = ['ENROLLING', 'INVITED', 'ACTIVE', 'RESET', 'INACTIVE'] as const;

const groupIds = (description: string) => Type.Array(Type.String({ maxLength: 100 }), { maxItems: 100, description });
const Username = Type.String({
  pattern: '^[\\w\\-,._@+=]{4,30}$',
  description: 'Another name of the user, unique in the account.',
});
const Password = Type.String({ minLength: 1, maxLength: 512, description: 'Password.' });

export const LoginProfile = Type.Object(
  {
    id: Type.String({ maxLength: 100, description: 'Id of the identity provider.' }),
    name: Type.Optional(Type.String({ description: 'Its name.' })),
    type: Type.Optional(OneOf(['NATIVE', 'MBED', 'SAML2', 'OIDC'], 'Its kind: `NATIVE` is the password kept here.')),
    foreign_id: Type.Optional(Type.String({ description: 'Id of the user there.' })),
  },
  { $id: 'LoginProfile' },
);
export type LoginProfile = Static<typeof LoginProfile>;

const arrayOf = <Item extends TSchema>(item: Item, description: string) =>
  Type.Unsafe<Static<Item>[]>({
    type: 'array',
    items: Type.Ref((item as unknown as { $id: string }).$id),
    description,
  });

export const LoginHistory = Type.Object(
  {
    date: Time('When.'),
    success: Type.Boolean({ description: 'Whether the user got in.' }),
    ip_address: Type.String({ description: 'From where.' }),
    user_agent: Type.String({ description: 'With which program, as it said.' }),
  },
  { $id: 'LoginHistory' },
);
export type LoginHistory = Static<typeof LoginHistory>;

export const ActiveSession = Type.Object(
  {
    object: OneOf(['user-session'], 'Always `user-session`.'),
    reference_token: Id('The session; not what the browser holds.'),
    account_id: Id('Account of the user.'),
    ip_address: Type.String({ description: 'From where it was begun.' }),
    user_agent: Type.String({ description: 'With which program, as it said.' }),
    login_time: Time('When it was begun.'),
    created_at: Type.Optional(Time('The same.')),
    last_used_at: Type.Optional(Time('When it was used last, to the minute.')),
    current: Type.Optional(Type.Boolean({ description: 'It is the session that asks.' })),
  },
  { $id: 'ActiveSession' },
);
export type ActiveSession = Static<typeof ActiveSession>;

const person = {
  full_name: Nullable(Line('Name of the user.', 100)),
  username: Nullable(Username),
  phone_number: Nullable(Line('Telephone number.', 100)),
  address: Nullable(Line('Postal address.', 100)),
} as const;

const acceptances = {
  is_gtc_accepted: Type.Boolean({ description: 'The general terms were accepted.' }),
  is_marketing_accepted: Type.Boolean({ description: 'The user agreed to be told of news.' }),
} as const;

const loginProfiles = arrayOf(LoginProfile, 'How the user signs in.');

export const UserInfoReq = Type.Object(
  {
    email: Email('E-mail address: what the user signs in with, unique in the account.'),
    ...Type.Partial(Type.Object({ ...person, ...acceptances })).properties,
    password: Type.Optional(Nullable(Password)),
    groups: Type.Optional(groupIds('Ids or names of the groups whose permissions the user has; Developers if absent.')),
    login_profiles: Type.Optional(loginProfiles),
  },
  { $id: 'UserInfoReq' },
);
export type UserInfoReq = Static<typeof UserInfoReq>;

export const UserUpdateReq = Type.Object(
  {
    email: Type.Optional(Nullable(Email('E-mail address.'))),
    ...Type.Partial(
      Type.Object({
        ...person,
        is_gtc_accepted: Nullable(acceptances.is_gtc_accepted),
        is_marketing_accepted: Nullable(acceptances.is_marketing_accepted),
        is_totp_enabled: Nullable(
          Type.Boolean({ description: 'False takes the second factor away from one who has lost it.' }),
        ),
        status: Nullable(
          OneOf(userStatus, '`INACTIVE` refuses the user, `RESET` demands a new password, `ACTIVE` ends both.'),
        ),
      }),
    ).properties,
    groups: Type.Optional(groupIds('Ids or names of all groups of the user.')),
    login_profiles: Type.Optional(loginProfiles),
  },
  { $id: 'UserUpdateReq' },
);
export type UserUpdateReq = Static<typeof UserUpdateReq>;

export const UserInfoResp = Type.Object(
  {
    object: OneOf(['user'], 'Always `user`.'),
    id: Id('The user.'),
    etag: Etag(),
    account_id: Id('Account of the user.'),
    email: Type.String({ description: 'E-mail address.' }),
    email_verified: Type.Boolean({ description: 'The user has opened a link that was sent to this address.' }),
    status: OneOf(userStatus, 'State of the user.'),
    full_name: Nullable(Text('Name of the user.')),
    username: Nullable(Text('Another name of the user.')),
    phone_number: Nullable(Text('Telephone number.')),
    address: Nullable(Text('Postal address.')),
    groups: groupIds('Ids of the groups whose permissions the user has.'),
    ...acceptances,
    is_totp_enabled: Type.Boolean({ description: 'A code is asked for besides the password.' }),
    login_profiles: loginProfiles,
    custom_fields: Nullable(
      Type.Unsafe<Record<string, string>>({ type: 'object', additionalProperties: { type: 'string' } }),
    ),
    password: Type.Optional(
      Nullable(Type.String({ description: 'Only in the answer that makes a user, if it was generated.' })),
    ),
    password_changed_time: Milliseconds('When the password was changed, in milliseconds since 1970; 0 if never.'),
    creation_time: Milliseconds('Creation, in milliseconds since 1970.'),
    last_login_time: Milliseconds('Last sign-in, in milliseconds since 1970; 0 if never.'),
    login_history: Type.Optional(arrayOf(LoginHistory, 'The newest twenty attempts, newest first; not in lists.')),
    active_sessions: Type.Optional(arrayOf(ActiveSession, 'Sessions that have not ended; not in lists.')),
    created_at: Time('Creation.'),
    updated_at: Time('Last change.'),
  },
  { $id: 'UserInfoResp' },
);
export type UserInfoResp = Static<typeof UserInfoResp>;

export const UserInvitationReq = Type.Object(
  {
    email: Email('E-mail address of the one who is invited.'),
    groups: Type.Optional(groupIds('Ids or names of the groups the user will be in; Developers if absent.')),
    login_profiles: Type.Optional(loginProfiles),
    valid_for_days: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 30,
        description: 'Days until the invitation ends, 30 if absent.',
      }),
    ),
  },
  { $id: 'UserInvitationReq' },
);
export type UserInvitationReq = Static<typeof UserInvitationReq>;

const OneTimeUrl = Type.String({
  description: 'Address of the page that takes it, good once. It is told in this answer alone: pass it on yourself.',
});

export const UserInvitationResp = Type.Object(
  {
    object: OneOf(['user-invitation'], 'Always `user-invitation`.'),
    id: Id('The invitation.'),
    etag: Etag(),
    account_id: Id('Account that invites.'),
    user_id: Id('The user, in the state INVITED until the invitation is accepted.'),
    email: Type.String({ description: 'E-mail address of the one who is invited.' }),
    groups: groupIds('Ids of the groups the user will be in.'),
    login_profiles: loginProfiles,
    expiration: Time('When the invitation ends.'),
    link: Type.Optional(OneTimeUrl),
    created_at: Time('Creation.'),
    updated_at: Time('Last change.'),
  },
  { $id: 'UserInvitationResp' },
);
export type UserInvitationResp = Static<typeof UserInvitationResp>;

export const OneTimeLink = Type.Object(
  {
    object: OneOf(['one-time-link'], 'Always `one-time-link`.'),
    user_id: Id('For whom.'),
    link: OneTimeUrl,
    expires_at: Time('When it ends.'),
  },
  { $id: 'OneTimeLink' },
);
export type OneTimeLink = Static<typeof OneTimeLink>;

export const SubjectList = Type.Object(
  {
    users: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 1000, description: 'Ids of users.' })),
    apikeys: Type.Optional(
      Type.Array(Type.String({ maxLength: 100 }), { maxItems: 1000, description: 'Ids of API keys.' }),
    ),
  },
  { $id: 'SubjectList' },
);
export type SubjectList = Static<typeof SubjectList>;

const permissions = Type.Array(Type.String({ maxLength: 100 }), {
  maxItems: 100,
  description: 'What its members may do, by the names on this page.',
});

export const GroupCreationInfo = Type.Object(
  {
    name: Name('Name of the group, unique in the account.'),
    members: Type.Optional(
      Type.Unsafe<SubjectList>({ type: 'object', properties: SubjectList.properties, description: 'First members.' }),
    ),
    permissions: Type.Optional(permissions),
  },
  { $id: 'GroupCreationInfo' },
);
export type GroupCreationInfo = Static<typeof GroupCreationInfo>;

export const GroupUpdateInfo = Type.Object(
  { name: Type.Optional(Name('Name of the group.')), permissions: Type.Optional(permissions) },
  { $id: 'GroupUpdateInfo' },
);
export type GroupUpdateInfo = Static<typeof GroupUpdateInfo>;

export const GroupSummary = Type.Object(
  {
    object: OneOf(['group'], 'Always `group`.'),
    id: Id('The group.'),
    etag: Etag(),
    account_id: Id('Account of the group.'),
    name: Text('Name of the group.'),
    user_count: Type.Integer({ description: 'Users in it.' }),
    apikey_count: Type.Integer({ description: 'API keys in it.' }),
    permissions,
    fixed: Type.Boolean({ description: 'Every account has it: it keeps its name and its permissions.' }),
    created_at: Time('Creation.'),
    updated_at: Time('Last change.'),
  },
  { $id: 'GroupSummary' },
);
export type GroupSummary = Static<typeof GroupSummary>;

export const IdList = Type.Unsafe<string[]>({
  $id: 'IdList',
  type: 'array',
  items: { type: 'string', maxLength: 100 },
  maxItems: 1000,
  description: 'Ids.',
});
export type IdList = Static<typeof IdList>;
