/**
 * Words about the way mail takes from server to server: relaying, logins, loops.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const postfix = 'https://www.postfix.org/postconf.5.html'

export const relaying: RuleTable = {
  name: 'relaying',
  rules: [
    {
      id: 'relaying-denied',
      gives: 'relay_config',
      when: {
        says: [
          '(relay|relaying) (access|operation|mail|) (is|was|not|) (denied|prohibited|refused|rejected|not permitted|not allowed|disallowed|forbidden|permitted|allowed|rejected)',
          '(denied|denies|refused|refuses|prohibited) (mail|) (relay|relaying)',
          '(unable|not permitted|not allowed|not authorized|cannot|cant|refuse|wont|do not|dont|does not|doesnt|no permission|permission denied|not) (to|) relay',
          'relaying to * (denied|prohibited|not)',
          'no relaying (allowed|permitted|)',
          'we (do not|dont) relay',
          'not an open relay',
          'not a gateway',
          'this is not a relay',
          '(mail|open|third party) relaying',
          'authentication * relay',
          'list of allowed rcpthosts',
          'not in my (list of allowed|rcpthosts|control)',
          'rcpthosts',
          '(not|isnt) (a|one of our|an) (local|gateway|hosted) (domain|) * relay',
          'relay not (permitted|allowed|authorized)',
          'not configured to relay',
          'invalid credentials for relay',
          'relais (interdit|refuse|non autorise)',
          'kein relay',
          'relay nicht (erlaubt|gestattet)',
          'relay (no permitido|denegado|non consentito|nao permitido|negado)',
          'пересылка запрещена',
          '拒绝中继',
        ],
        unless: ['relay recipient table', 'user unknown in relay'],
      },
      sample: '554 5.7.1 <user@example.net>: Relay access denied',
      source: `${postfix}#reject_unauth_destination`,
    },
    {
      id: 'login-required',
      gives: 'relay_config',
      when: {
        says: [
          '(smtp|) (authentication|auth|authorization) (is|) (required|needed|necessary)',
          'authentification requise',
          '(must|need to|please) (authenticate|log in|login|be authenticated)',
          'pop before smtp',
          'check for new mail first',
          'you (must|need to) (check|login|log in) * (before|first)',
          'require authentication',
          'requires authentication',
          'authenticate (first|before)',
          'basic authentication is not supported',
          'turn on smtp authentication',
          'client submission',
          '(authentication|login) (failed|failure|unsuccessful|credentials invalid|not enabled)',
          'username and password not accepted',
          'anonymous users',
          'client was not authenticated',
          'use the smtp server of your isp',
          'authentifizierung erforderlich',
          'autenticacion requerida',
          'autenticazione richiesta',
          'autenticacao (necessaria|requerida|obrigatoria)',
          '需要认证',
        ],
        unless: ['not authenticated when sending to this group', 'sender was not authenticated'],
      },
      sample: '530 SMTP authentication is required.',
      source: 'RFC 4954 §6',
    },
    {
      id: 'mail-loop',
      gives: 'relay_config',
      when: {
        says: [
          '(mail|message|routing|forwarding|delivery|possible) (loop|loops|looping)',
          'loop (detected|count|found)',
          'too many (hops|received|received lines)',
          '(hop|hops) (count|limit|) (exceeded|too many|limit)',
          '(maximum|max) (hop|hops)',
          '(loops|mail loops) back (to myself|)',
          'points back to',
          'exceeded * hops',
          'best preferred mx host',
          'looks like it is looping',
          'bouncing around',
          'local configuration error',
          'config error mail loops',
          'mail for * loops back',
          'already (has|have) (my|a) delivered to',
          'is looping',
        ],
        unless: ['user unknown'],
      },
      sample: '554 5.4.6 Too many hops',
      source: 'RFC 5321 §6.3; RFC 3463 §3.5 (X.4.6)',
    },
  ],
}
