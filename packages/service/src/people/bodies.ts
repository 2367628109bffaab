import type {
  ActiveSession,
  LoginHistory,
  LoginProfile,
  OneTimeLink,
  UserInfoResp,
  UserInvitationResp,
} from '@mooring/rest';
import { timeText } from '../http/time-text.ts';
import type { NewLink } from '../sessions/links.ts';
import type { Row } from '../storage/schema.ts';
import type { Invitation } from './invitations.ts';
import type { User } from './user.ts';

/** The one way to sign in that an account has: the password that is kept here. */
const profile = (accountId: string): LoginProfile => ({ id: accountId, name: 'Password', type: 'NATIVE' });

export const loginBody = (login: Row<'user_logins'>): LoginHistory => ({
  date: timeText(login.at),
  success: login.success === 1,
  ip_address: login.ip_address,
  user_agent: login.user_agent,
});

/** @param current id of the session that asks */
export const sessionBody = (session: Row<'user_sessions'>, current?: string): ActiveSession => ({
  object: 'user-session',
  reference_token: session.id,
  account_id: session.account_id,
  ip_address: session.ip_address,
  user_agent: session.user_agent,
  login_time: timeText(session.created_at),
  created_at: timeText(session.created_at),
  last_used_at: timeText(session.used_at),
  current: session.id === current,
});

/** What is told of one user, and not of each in a list. */
export interface UserDetails {
  readonly logins?: readonly Row<'user_logins'>[];
  readonly sessions?: readonly Row<'user_sessions'>[];
  readonly currentSession?: string | undefined;
  /** A password that was generated with the user. */
  readonly generated?: string | undefined;
}

export const userBody = (user: User, details: UserDetails = {}): UserInfoResp => ({
  object: 'user',
  id: user.id,
  etag: String(user.etag),
  account_id: user.account_id,
  email: user.email,
  email_verified: false,
  status: user.status,
  full_name: user.full_name,
  username: user.username,
  phone_number: user.phone_number,
  address: user.address,
  groups: [...user.groups],
  is_gtc_accepted: user.gtc_accepted === 1,
  is_marketing_accepted: user.marketing_accepted === 1,
  is_totp_enabled: user.totp_enabled === 1,
  login_profiles: [profile(user.account_id)],
  custom_fields: null,
  ...(details.generated === undefined ? {} : { password: details.generated }),
  ...(details.logins === undefined ? {} : { login_history: details.logins.map(loginBody) }),
  ...(details.sessions === undefined
    ? {}
    : { active_sessions: details.sessions.map((session) => sessionBody(session, details.currentSession)) }),
  password_changed_time: user.password_changed_at ?? 0,
  creation_time: user.created_at,
  last_login_time: user.last_login_at ?? 0,
  created_at: timeText(user.created_at),
  updated_at: timeText(user.updated_at),
});

/** @param link the whole address, where it is told */
export const invitationBody = (invitation: Invitation, link?: string): UserInvitationResp => ({
  object: 'user-invitation',
  id: invitation.id,
  etag: String(invitation.etag),
  account_id: invitation.account_id,
  user_id: invitation.user_id,
  email: invitation.email,
  groups: [...invitation.groups],
  login_profiles: [profile(invitation.account_id)],
  expiration: timeText(invitation.expires_at),
  ...(link === undefined ? {} : { link }),
  created_at: timeText(invitation.created_at),
  updated_at: timeText(invitation.updated_at),
});

export const linkBody = (userId: string, { expiresAt }: NewLink, link: string): OneTimeLink => ({
  object: 'one-time-link',
  user_id: userId,
  link,
  expires_at: timeText(expiresAt),
});
