/**
 * Words that say: the trouble is ours, ask again.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const field = 'seen in the field'

export const temporaryTrouble: RuleTable = {
  name: 'temporary trouble',
  rules: [
    {
      // Advice to look at the address once more is no promise that it will work.
      id: 'asks-for-another-try',
      gives: 'temporary',
      when: {
        says: ['(try|come|retry|resend|send) * (again|later|back)'],
        unless: [
          '(check|verify|confirm|correct|recheck|review) * (try|trying|retry|send|sending|resend|resending|retrying)',
          '(typos|spelling|misspelled|mistyped)',
        ],
      },
      sample: '550 Come back another day',
      source: 'RFC 5321 §4.2.1 (4yz)',
    },
    {
      id: 'temporary-trouble',
      gives: 'temporary',
      when: {
        says: [
          'please retry',
          '(lookup|lookups) (failure|failed|error|errors)',
          '(database|directory|ldap|sql) (error|failure|unavailable|is unavailable|problem|down|timeout)',
          'error in * (database|directory|table|map)',
          '(unable|failed|could not|cannot|couldnt) (to|) verify',
          '(is|being) (moved|migrated)',
          'greylist*',
          'graylist*',
          'temporar*',
          '(system|server|load|service|internal|software|local|resources) (error|failure|problem|load|busy|overload*|configuration|config|resource|resources|processing|trouble|malfunction|crash)',
          '(system|server|service) (is|) (busy|overloaded|down|shutting|not available|unavailable|currently unavailable|temporarily|too busy)',
          'load (average|is|) too high',
          '(not enough|insufficient|out of|lack of|no) (system|disk|memory|server|resources|) (space|storage|memory|resources|disk)',
          'disk (full|is full)',
          '(store|database|backend|directory) (is|) (not available|not reachable|unavailable|offline)',
          'system (is|) full',
          'error in processing',
          'config* error',
          '(error|problem) (opening|reading|writing|creating|in processing)',
          '(cannot|can not|could not|unable to|cant|couldnt) (open|write|create|append|access|load|lock|deliver now|chdir|fork|store|queue|save)',
          'resources (temporarily|) (unavailable|exceeded|low|exhausted)',
          'upstream error',
          'internal (server|) error',
          'i o error',
          'input output error',
          'command (failed|died)',
          'failed to (queue|store|save|write|deliver to program|execute)',
          'mailer (error|timed|died|panic)',
          'unknown mailer error',
          'local (error|delivery failed|delivery problem)',
          'service shutting down',
          'maintenance',
          'being processed',
          'under heavy load',
          'deferred',
          'bitte * später',
          '(später|nochmals|nochmal|erneut) * (versuchen|versuch|probieren)',
          'vorübergehend*',
          '(reessayer|reessayez|ressayer)',
          'temporairement',
          '(intentelo|intente|reintente|tente|riprovare|riprova|tentar) * (tarde|nuevo|novamente|piu tardi|mais tarde|luego|dopo)',
          'mas tarde',
          'mais tarde',
          'piu tardi',
          'later (opnieuw|nog)',
          'probeer * later',
          'повтор* * (поз*|попыт*)',
          'попробуйте * (поз*|снова|еще)',
          'позже',
          'временн*',
          'sprobuj * pozniej',
          'zkuste * pozdeji',
          '(稍后|请稍后|再试|重试|暂时)',
          '(しばらく|後ほど|再度|一時)',
          '(잠시|나중에|다시)',
        ],
        unless: ['permanently failed', 'permanent failure'],
      },
      sample: '421 Service not available',
      source: `RFC 5321 §4.2.1 (4yz), §4.2.3 (421, 451, 452); ${field}`,
    },
  ],
}
