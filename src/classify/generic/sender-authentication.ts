/**
 * Words about proofs of who sends: SPF, DKIM, DMARC, reverse DNS, TLS.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const postfix = 'https://www.postfix.org/postconf.5.html'

export const senderAuthentication: RuleTable = {
  name: 'sender authentication',
  rules: [
    {
      id: 'spf-dkim-dmarc',
      gives: 'auth_failed',
      when: {
        says: [
          '(spf|dmarc|dkim|dane|tlsa|senderid|domainkeys|arc)',
          'sender policy framework',
          'purported responsible',
          'openspf.org',
          'openspf.net',
          'sender id (failed|check|fail|pra)',
          'unauthenticated (email|mail|message|sender)',
          'is not (allowed|permitted|authorized) to send * from',
          'does not designate',
          '(email|mail|message|sender|domain) (is|was|) (not authenticated|unauthenticated)',
          '(mail|email|message) * (fails|failed|failing|lacks) (authentication|to authenticate)',
          'fails to pass authentication',
          'authentication checks',
          'not permitted by the domain owner',
          'spoof*',
          'anti spoof*',
          'forged (sender|mail|message|header)',
          'domain * mismatch* client ip',
          'sender * (mismatch|does not match) * (ip|client|host)',
          'signature did not verify',
        ],
        unless: ['dkim key for user', 'spf not checked'],
      },
      sample: '550 5.7.23 The message was rejected because of Sender Policy Framework violation',
      source: 'RFC 7208 §8.4; RFC 7489 §10.3; RFC 7372',
    },
    {
      id: 'reverse-dns',
      gives: 'auth_failed',
      when: {
        says: [
          'reverse (dns|lookup|hostname|host|name|resolution|mapping|ip)',
          '(rdns|ptr|rdns record|fcrdns)',
          'find your (reverse|) (hostname|host name)',
          'ip name lookup failed',
          'ip name possibly forged',
          'no (dns|name|hostname|host name) * (for|found for) your (ip|host|server)',
          'dns check failure',
          'unverif* sending (ip|ips)',
          'your (ip|host|server) * (does not|doesnt) (have|resolve)',
          'client (host|name|) * (not|no) (resolvable|dns)',
          '(cannot|can not|cant|could not|couldnt|unable to) (resolve|find|lookup) your (ip|host|hostname|address|server|sending)',
          'you (must|need) (have|to have|) * (ptr|reverse)',
          'generic (host|hostname|rdns|reverse)',
          '(sender|client|your|sending) (ip|host) (address|name|) must (resolve|have)',
          'dynamic (hostname|rdns|ptr)',
          'your host name (does not|doesnt) match',
          'servers without a valid sender domain',
          '逆引き',
          '反向解析',
        ],
      },
      sample: '450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.10]',
      source: `${postfix}#reject_unknown_reverse_client_hostname; RFC 7372 §3.3`,
    },
    {
      id: 'tls-required-of-us',
      gives: 'auth_failed',
      when: {
        says: [
          'starttls (command|) (first|required)',
          'must issue a starttls',
          '(tls|encryption|ssl) (is|) (required|needed|mandatory)',
          'require* (tls|encryption)',
          'must support tls',
          'starttls not supported',
          '(tls|ssl) (certificate|not available)',
          'encryption needed to use mechanism',
          'tls (negotiation|handshake) failed',
          'tls not available * required',
        ],
      },
      sample: '530 5.7.0 Must issue a STARTTLS command first',
      source: 'RFC 3207 §4',
    },
    {
      id: 'authentication-status',
      gives: 'auth_failed',
      when: {
        status: ['x.7.20', 'x.7.21', 'x.7.22', 'x.7.23', 'x.7.24', 'x.7.25', 'x.7.26', 'x.7.29', '5.7.509', '5.7.515'],
        unless: ['no such user', 'user unknown'],
      },
      sample: '550 5.7.26 This mail has been blocked',
      source: 'https://www.iana.org/assignments/smtp-enhanced-status-codes (RFC 7372)',
    },
  ],
}
