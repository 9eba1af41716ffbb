/**
 * Words of spam filters that judged the message. Asked before the words on authentication: a filter likes to give advice on SPF.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const field = 'seen in the field'

export const spamVerdict: RuleTable = {
  name: 'spam verdict',
  rules: [
    {
      id: 'taken-for-spam',
      gives: 'content_rejected',
      when: {
        says: [
          '(classified|identified|detected|considered|marked|flagged|tagged|scored|recognized|categorized|regarded|rated|seems|appears|looks|judged|deemed|treated|suspected|determined|believed) (as|like|to be|to contain|of being|of|) (a|being|likely|possible|probable|containing|) (spam|junk|unsolicited|uce|ube|phishing|virus|bulk)',
          '(contains|contain|containing|contained) * (spam|virus|malware|phishing|worm|trojan)',
          '(due to|because of|for|suspicion of|suspected|probable|possible|likely|reported as|is|was|looks like|to be|high|our) (a|its|your|the|) (spam|virus|unsolicited)',
          '(spam|virus|malware|phishing|junk) (message|mail|email|content|score|detected|found|filter|classification|signature|check|checks|probability|infected|rejected|scanner|level|url|like|rule|test|tests|suspicion)',
          'antispam checks',
          '(url|urls|link|links|uri) * (blacklisted|blocklisted|listed|blocked)',
          'mcspamsignature*',
          '(uribl|surbl) (policy|list|rule|hit|match|check)',
          'message * is spam',
        ],
        unless: [
          'source of spam',
          'sending spam',
          'spam (ip|source|host|server)',
          'geoip spam filter',
          'listed by',
          'blocked using',
          'blacklist*',
          'ip address',
          'your ip',
          'unsolicited mail originating',
          'block for spam',
          'your account',
          '(mail|email|messages|connection|connections|traffic) from (blocked|refused|rejected|denied|banned)',
        ],
      },
      sample:
        '554 5.7.1 Your message failed several antispam checks (SCORING). Please be sure that your server is configured correctly (spf, HELO, PTR)',
      source: field,
    },
  ],
}
