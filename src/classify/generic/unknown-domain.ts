/**
 * Words that say: there is no such domain.
 *
 * Pure.
 */

import type { RuleTable } from '../rule.ts'

export const unknownDomain: RuleTable = {
  name: 'unknown domain',
  rules: [
    {
      // From a server these words would speak of the sender's domain; from our own side, in a report, they speak of the recipient's.
      id: 'domain-without-dns',
      gives: 'invalid_domain',
      when: {
        says: [
          '(couldnt|could not|unable to|cannot|cant) (find|resolve|locate|look up|lookup) (the|a|any|) (domain|host|hostname|mx|destination|recipient domain|address of)',
          'domain (has|have) (no|expired) (mx|mail exchangers|valid|a|dns)',
          'no (mx|mail exchanger|a or mx|mx or a|dns|mx records|address) * (for|in) (domain|host|this domain|the domain)',
        ],
        code: ['none'],
        unless: ['try again', 'temporar*', 'reverse'],
      },
      sample: '5.1.2 Unable to find the domain',
      source: 'RFC 3463 §3.2 (X.1.2)',
    },
    {
      id: 'domain-unknown',
      gives: 'invalid_domain',
      when: {
        says: [
          'host or domain name not found',
          '(host|hostname|domain|site|mail server|dns domain|domain name|recipient domain|destination domain|destination host|mail domain) (name|) (is|was|) (unknown|not found|not known|nonexistent|non existent|unresolvable|does not exist|doesnt exist|not exist|invalid|unroutable)',
          '(unknown|nonexistent|non existent|unrouteable|unroutable|invalid|unresolvable) (host|hostname|domain|mail domain|destination domain|recipient domain|destination host)',
          '(no|any) such (host|domain|hostname)',
          'domain (name|) (is|was|has been|) (retired|obsolete|decommissioned|discontinued|defunct)',
          'domain * no longer (in use|used|exists|valid|registered|active)',
          '(domain|host) * (mentioned|given|named|specified|used) * (is|was) (unknown|invalid|not known|not found)',
          "(domaine|domain) * (n'existe|nexiste|existe) pas",
          'couldnt find any host (named|by that name)',
          'could not find (any|a|the) (host|domain|mail server|mail exchanger)',
          '(domain|host|name) * (does not|doesnt) (exist|resolve)',
          'domain * (not|couldnt be|could not be|cannot be) (found|resolved|located|resolvable)',
          'because the domain * couldnt be found',
          'domain * (not exist|no existe|nicht gefunden|existiert nicht|introuvable|inexistant|n existe pas|non esiste|nao existe|bestaat niet)',
          '(nxdomain|dnsdomaindoesnotexist)',
          'name service error for * (host not found|not found)',
          'host not found',
          '(recipient|destination) (domain|host) must (exist|resolve)',
          'no mail hosts for domain',
          'no data known',
          'name or service not known',
          'an mx or srv record indicated no smtp service',
          'all relevant mx records point to non existent hosts',
          'unrouteable (mail|) domain',
          'all host address lookups failed permanently',
          'illegal host domain name',
          'domain name * (unknown|not found|expired)',
          'domaine (inconnu|inexistant|introuvable|invalide)',
          '(domain|domäne) (unbekannt|nicht gefunden|existiert nicht)',
          '(empfängerdomain|zieldomain|empfängerdomäne|zieldomäne) * (unbekannt|nicht gefunden|existiert nicht|ungültig)',
          'dominio * (no existe|inexistente|desconocido|no encontrado|non esiste|inesistente|nao existe|nao encontrado)',
          'dominio (desconocido|no existe|inexistente|sconosciuto|non esiste|non trovato|desconhecido|nao existe|invalido|no encontrado)',
          'domein (onbekend|bestaat niet|niet gevonden)',
          'домен * (не найден|не существует|неизвестен)',
          '域名 * (不存在|无效|错误|无法解析)',
          'ドメイン * (存在しません|見つかりません|不明)',
        ],
        unless: [
          'try again',
          'temporar*',
          'relay',
          'refused',
          'service unavailable',
          'servfail',
          'resource record',
          'client',
          'reverse',
          '(your|sending|connecting|votre|ihre|vostro|suo|tuo|uw)',
          '(su|seu) (dominio|domain)',
          '(ваш|вашего|вашем)',
          '(您的|你的|あなたの)',
        ],
      },
      sample: '550 Unknown domain',
      source: 'Postfix 3.7 smtp_addr.c; RFC 3463 §3.2 (X.1.2)',
    },
  ],
}
