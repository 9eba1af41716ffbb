/**
 * Sentences and labels that name a recipient in passing: "Your message wasn't delivered to a@b because …", "Failed Recipient: a@b",
 * "User mailbox exceeds allowed size: a@b", "Votre message n'a pu être remis à a@b", in ten languages.
 *
 * Pure.
 */
import { addressesIn, isAddress } from '../text-address.ts'
import type { NamedRecipient, Reader } from './reader.ts'

/** Words in front of an address that make it the one in question. */
const cue =
  /recipient|addresse[de]|\baddress(?:es)?\s{0,4}[:=]?\s{0,4}["'<(]{0,3}$|deliver|undeliver|\buser\b|userid|mailbox|\brcpt\b|reach|unknown|invalid|fail|error-for|destination|smtp[:=]|(?:send|sent|message|mail|email) to\b|(?:nachricht|e-?mail|message|mensaje|mensagem|messaggio|bericht|courriel) (?:an|à|a|para|per|aan)\b|account|quota|destinataire|adresse|remis|délivr|delivr|distribu|boîte|envoy|empf(?:ä|ae)nger|zugestellt|zustell|postfach|destinat[aá]ri|direcci|endere|indirizz|entreg|consegn|recapit|casella|buz[oó]n|caixa|inviat|enviad|ontvanger|geadresseerde|bezorg|afgeleverd|postvak|получател|адрес|доставл|ящик|пользовател|宛|受信者|アドレス|メールボックス|配信|配送|送信|收件人|地址|投递|投遞|邮箱|郵箱|用户|发送|發送|送达/i
/** Words that make it somebody else's. */
const notThis =
  /mail from|\bsender\b|\bfrom\b|contact|assistance|help|support|reply[- ]to|report(?:ed|s)? to|questions?|exp[ée]diteur|absender|remitente|remetente|mittente|afzender|отправител|差出人|送信者|发件人|發件人|message-id|kontakt|обратит|администратор|administrat|visit|https?:|postmaster/i
/** Words behind an address that do the same, where the language puts them there. */
const cueBehind = /^[>」』\])"'\s]{0,4}(?:さん)?\s?(?:へ|に|宛|は(?:存在|無効|見つか)|という|の(?:メール|アドレス|ユーザ))/
const reason =
  /^\s*[-*>]{0,4}\s*(?:reason|error(?:[- ]text)?|because|diagnostic|raison|cause|grund|fehler|motivo|motif|errore?|razón|razão|причина|reden|理由|原因|エラー|error message)[^:：\n]{0,40}[:：]/i
/** LSMTP's last line. */
const endOfError = /^error-end:/i
const label = /^\s{0,20}[^\s:@][^:@]{0,80}[:：]\s{0,8}[<"'[]{0,2}(?:SMTP:)?([^\s<>"'\]]{3,320})[>"'\]]{0,2}\s*$/i
const maxNamed = 200
const maxLinesBehind = 12

export const sentences: Reader = {
  name: 'sentences',
  read({ lines, parties }) {
    const named = new Map<string, NamedRecipient>()
    for (const [index, line] of lines.entries()) {
      if (!line.includes('@') || /^\s*>(?!>>)/.test(line) || named.size >= maxNamed) continue
      let from = 0
      for (const { address, start, end } of addressesIn(line.slice(0, 2_000))) {
        const own = line.slice(from, start)
        from = end
        // A sentence may break in front of its address.
        const front = own.trim().length < 12 && !cue.test(own) ? `${(lines[index - 1] ?? '').slice(-120)} ${own}` : own.slice(-160)
        const key = address.toLowerCase()
        if (named.has(key) || parties.has(key) || notThis.test(front)) continue
        if (!cue.test(front) && !cueBehind.test(line.slice(end, end + 20))) continue
        named.set(key, { address, originalAddress: null, said: wordsAround(lines, index, key), action: null })
      }
    }
    return [...named.values()]
  },
}

/** The line itself, the rest of its paragraph, and lines that call themselves the reason. */
function wordsAround(lines: readonly string[], index: number, key: string): string {
  const said = [lines[index] ?? '']
  let inParagraph = true
  for (const line of lines.slice(index + 1, index + 1 + maxLinesBehind)) {
    if (endOfError.test(line) || namesAnother(line, key)) break
    if (line.trim() === '') inParagraph = false
    else if (inParagraph || reason.test(line)) {
      said.push(line)
      inParagraph = true
    }
  }
  return said.join('\n')
}

/** "Failed address: c@d": the words about another recipient begin. */
function namesAnother(line: string, key: string): boolean {
  const value = line.includes('@') ? label.exec(line)?.[1] : undefined
  return value !== undefined && value.toLowerCase() !== key && isAddress(value)
}
