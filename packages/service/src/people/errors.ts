import { errorFamily } from '@mooring/platform';

export const peopleErrors = errorFamily({
  'user.not.found': 'The account has no such user.',
  'user.email.taken': 'Another user of the account has this e-mail address.',
  'user.username.taken': 'Another user of the account has this user name.',
  'user.invalid':
    'What a user is to have is not possible: a state that cannot be set, a login profile that there is not.',
  'user.last.administrator': 'Nobody who can sign in would be left in the group Administrators.',
  'user.only': 'Only a user who is signed in can do this; the caller is an API key.',
  'invitation.not.found': 'The account has no such invitation, or it was accepted already.',
  'password.wrong': 'The present password, which a change asks for, is wrong.',
  'password.weak': 'A new password is too short, too long or too easy to guess.',
  'sign.in.wrong': 'E-mail address, password or code are wrong, or the user may not sign in.',
  'sign.in.code.needed': 'The password is right, and a code of the second factor is needed besides.',
  'sign.in.password.old': 'The password is right, and a new one has to be chosen with it.',
  'sign.in.throttled': 'Too many attempts to sign in failed; the next one has to wait.',
  'session.not.found': 'The user has no such session, or it has ended.',
  'session.foreign': 'A request with the cookie of a session was not made by the page of this service itself.',
  'link.invalid': 'A one-time link is wrong, used up or too old.',
  'totp.state': 'The second factor is on already, or was not begun to be set up.',
  'totp.wrong': 'The code of the second factor is wrong, or was used already.',
});
