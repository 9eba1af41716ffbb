/**
 * Automatic answers that are no returns: vacations and receipts (RFC 3834), and challenges that ask the sender to prove himself.
 *
 * Pure.
 */
import type { Notice } from './notice.ts'

const subjects =
  /^\s*(?:auto(?:matic|mated|mat(?:ed|ische|isches|isch)?|mática|matique)?[ -]?(?:reply|re:|response|respon|antwort|answer)|auto:|autoreply|out of (?:the )?office|ooo\b|away |on vacation|vacation|abwesen|automatische (?:antwort|abwesenheit|beantwoording)|automatisch antwoord|afwezig|r[ée]ponse automatique|absence|absent|message d.absence|respuesta autom|fuera de (?:la )?oficina|ausencia|resposta autom|fora do escrit|ausente|risposta automatica|fuori (?:sede|ufficio)|assenza|автоответ|автоматический ответ|auto(?:mat(?:isk(?:t)?|ická|icky|ikus|yczna|ikus)?)?[ -]?(?:svar|odpoved|odpověď|odpowied|válasz|odpovied)|autoodpowied|autosvar|odpowied. automatyczna|poza biurem|nieobecno|urlop|frånvaro|fravær|ikke til stede|ei paikalla|poissa|automaattinen vastaus|nepřítomn|mimo kancelář|neprítomn|házon kívül|szabadság|otomatik yanıt|ofis dışında|αυτόματη απάντηση|răspuns automat|автоматична відповідь|자동 ?(?:응답|회신)|부재중|תשובה אוטומטית|رد تلقائي|自動(?:応答|返信)|不在|自动(?:回复|答复|回覆)|自動(?:回覆|回复)|外出)|\((?:automatic response|auto[- ]?reply)\)|\bout of (?:the )?office\b|i am (?:currently )?(?:away|out of)/i

const challengeWords =
  /challenge[/ -]response|boxbe|spamarrest|spam arrest|\btmda\b|sender (?:address )?verification|mailblocks|earthlink.{0,30}spamblocker|you are not (?:yet )?on (?:my|the|their) (?:approved|allow|white|guest)|(?:confirm|verify|prove) (?:that )?(?:you|your) .{0,60}(?:human|a person|real person|legitimate|not a (?:spam|robot))|click (?:on )?(?:the|this) (?:link|following|url).{0,80}(?:deliver|release|approve|authenticate|confirm).{0,40}(?:message|mail)|pour que (?:votre|ce) (?:message|mail|courriel|e-mail).{0,120}(?:cliqu|confirm|authentifi)|mailinblack.{0,300}(?:cliqu|authentifi)|merci de vous (?:authentifier|identifier).{0,60}(?:cliqu|lien)|para que su (?:mensaje|correo).{0,120}(?:haga clic|pulse|confirm)|(?:per|affinché) (?:consegnare|il (?:suo|tuo) messaggio).{0,120}(?:clicc|conferm)|(?:bestätigen|klicken) sie .{0,80}(?:nachricht|absender|zugestellt)/i

const autoFields = ['x-autoreply', 'x-autorespond', 'x-autoresponder', 'x-auto-response', 'x-mail-autoreply', 'x-vacation']

const challengeFields = ['x-boxbe-challenge', 'x-tmda-fingerprint', 'x-spamarrest-probe']

/** Says whether the mail answers by itself for a person. */
export function isAutoReply({ mail: { header }, subject }: Notice): boolean {
  if (/^\s*auto-replied/i.test(header.first('auto-submitted') ?? '')) return true
  if (autoFields.some(name => header.first(name) !== null)) return true
  if (
    /auto[_-]?reply|vacation/i.test(
      `${header.first('precedence') ?? ''} ${header.first('x-precedence') ?? ''} ${header.first('x-auto-submitted') ?? ''}`,
    )
  )
    return true
  return subjects.test(subject)
}

/** Says whether the mail asks its sender to prove that he is one, before it is delivered. */
export function isChallenge({ mail, subject, words }: Notice): boolean {
  if (challengeFields.some(name => mail.header.first(name) !== null)) return true
  if (/^(?:please )?(?:confirm|verify) (?:your|that).{0,40}(?:message|mail(?! ?address)|sender)/i.test(subject)) return true
  // A standard report has its words in a part of their own: no need to look for the copy of the original in them.
  const standard = mail.reportType === 'delivery-status' && mail.parts[0]?.type === 'text/plain'
  return challengeWords.test((standard ? (mail.parts[0]?.text ?? '') : words).slice(0, 2_000))
}
