/**
 * Is it a mail system that speaks, and of a mail that was not delivered? By sender, subject and first words, in the languages of the product.
 *
 * People who quote or forward a return write the same words: they are told apart by who sends and by where in the mail the words stand.
 * Pure.
 */
import type { Notice } from './notice.ts'
import { addressesIn } from './text-address.ts'

/** Local parts that mail systems send their notices from. */
const systemLocal =
  /^"?(?:mailer[._-]?daemon|mail[._-]?daemon|mdaemon|daemon|post[._-]?master|postmaster\S{0,40}|mailer|mail[._-]?(?:delivery|admin|system|router|gateway)\S{0,40}|ndr|nondelivery|bounces?|mmsc?|smtpd?|\S{0,60}_smtp_mail_service|exchange|microsoftexchange[0-9a-f]{0,40}|system[ ._-]?administrator|sysadmin|undeliver\S{0,20}|returned-?mail|delivery[._-]\S{0,40}|double-bounce|ammgr)"?$/i
const systemName =
  /mail(?:er)?[ _-]?(?:deliver|daemon|administrator|system|gateway|router)|deliver(?:y|able)?[ _-](?:sub)?system|post-?master|(?:system|e-?mail) ?administrator|(?:message|mail) router|mailer.daemon|microsoft (?:exchange|outlook)|system attendant|système|systemadministrator|administrador del sistema|amministratore di sistema|почтов|メール配信|システム管理者|系统管理员|系統管理員/i

/** The subject's own beginning, what a person put in front not being skipped. */
const subjectSigns: readonly RegExp[] = [
  /^(?:\[[^\]]{1,40}\] ?)?(?:\*{1,3} ?)?(?:mail |e-?mail |message |automatic |final |permanent |warning[:,]? ?|error[:,]? ?|notice[:,]? ?)?(?:undeliver(?:able|ed)|deliver(?:y|ing)?[ -](?:status|fail|problem|error|report|notif|has failed|was delayed|delay|incomplete|warning|unsuccess)|returned|return(?:ing)? (?:mail|message)|failure notice|failed (?:mail|message|delivery|to deliver)|fail(?:ure|ed)\b|non[ -]?deliver|not (?:been )?deliver|could ?n[o']t (?:be )?(?:send|sent|deliver)|un(?:able|successful) (?:to )?(?:deliver|send)|problem deliver|message (?:delivery )?(?:has )?fail|could not|bounced?\b|rejected|permanent delivery|mail system error|mail could not|processing error|email delivery|nondeliverable|message (?:not|could not|status)|message to \S{1,320} (?:failed|could not)|(?:ignored )?not member article|loop alert|loop back warning|fml system error|reject mail|message \S{1,60} delayed|delayed|delay(?:ed)? mail|user unknown|unknown (?:user|address|recipient)|mailbox|there was an error sending|status of:|complete failure|partial)/i,
  /^warning: (?:could not send|message|mail|\S+@)/i,
  / : non remis\b|^non (?:remis|distribu)|^(?:échec|echec) de (?:la )?(?:remise|distribution|livraison)|^(?:votre )?(?:message|mail|courriel).{0,20}(?:non (?:remis|distribu|délivr)|en erreur|revenu|n.a pas)|^retour (?:de|du) (?:mail|message|courrier)|^remise (?:retardée|différée)|^avis de non|^notification d.état de (?:la )?remise/i,
  /^unzustellbar|^nicht zugestellt|^unzustellbare|^(?:fehler|problem)\S{0,20} (?:bei|beim|der) (?:der )?(?:zustell|versand|übermitt)|^zustell|^(?:ihre )?(?:nachricht|e-?mail|mail)\S{0,20} (?:konnte|wurde) nicht|^rückläufer|^benachrichtigung zum (?:über|zu)|^verzögert/i,
  /^no se (?:puede|pudo|ha podido|ha) entreg|^no entregad|^mensaje (?:no|devuelto)|^(?:error|fallo|falla) (?:en|de) (?:la )?entrega|^devuelto|^correo (?:no|devuelto)|^notificaci[oó]n (?:de|sobre) (?:el )?estado|^entrega (?:retrasada|fallida)/i,
  /^n[ãa]o (?:foi )?(?:poss[ií]vel|entreg)|^mensagem (?:n[ãa]o|devolvida)|^falha (?:na|de|ao)|^e-?mail n[ãa]o|^notifica[çc][ãa]o de (?:estado|status|falha)|^devolvid/i,
  /^non recapitabil|^mancat[ao] (?:recapito|consegna)|^(?:messaggio|posta|email) non (?:recapit|consegn)|^errore (?:di|nella|durante) (?:la )?(?:consegna|recapito|invio)|^recapito|^impossibile (?:recapit|consegn)|^notifica(?:zione)? (?:di|sullo) (?:mancat|stato)|^ritardo/i,
  /^onbestelbaar|^niet (?:bezorgd|afgeleverd|bestelbaar)|^(?:bericht|e-?mail|mail) (?:kon )?niet|^fout bij|^bezorg|^aflevering|^vertraagd/i,
  /недостав|не (?:было |может быть |удалось )?достав|^ошибка (?:при )?(?:достав|отправ)|^возврат|^уведомление о (?:доставке|состоянии)|^сообщение не|^задержка/i,
  /配信(?:不能|できません|エラー|に失敗|遅延|状況)|送信(?:できません|エラー|に失敗)|(?:未|不)達|届けられません|宛先不明|エラーメール|返送|戻りました|配送(?:エラー|できません)|遅延/,
  /退信|无法(?:投递|送达|传递|发送)|無法(?:投遞|傳遞|送達|傳送)|未送达|未傳遞|投递失败|投遞失敗|发送失败|傳送失敗|系统退|邮件被退回|传递状态|递送失败|未能送达/,
  /(?:전송|발송|배달|전달).{0,8}(?:실패|못|지연|되지)|반송|수신(?:자|인).{0,10}(?:없|오류)/,
  /^(?:niedostarczon|nie (?:można|udało się) dostarczy|zwrot|nedoručiteln|nedoručen|nelze doručit|chyba (?:při )?doruč|kézbesíthetetlen|sikertelen kézbesítés|nelivrabil|mesaj nelivrat|iletilemedi|gönderilemedi|teslim edilemedi|kunde inte levereras|kan inte levereras|olevererat|ej levererat|kunne ikke (?:leveres|levere)|kan ikke leveres|ikke leveret|levering mislykkedes|leveringsfeil|toimitus epäonnistui|ei voitu toimittaa|αδυναμία παράδοσης|недоставлен|не доставлено)/i,
]

/** The same anywhere in the subject: of a known sender only. */
const subjectSays =
  /(?:user unknown|could not be (?:sent|delivered)|delivery (?:has )?failed|delivery failure|returned to sender|not (?:been )?delivered|undeliverable|are not member)\b/i

/** First words of notices. */
const openingSigns: readonly RegExp[] = [
  /^(?:hi[.!,]? )?this is the (?:qmail|mail|postfix|mta|deliver|mailer|[\w.-]{1,40} (?:program|postfix))/im,
  /this (?:message|mail|e-?mail|report) (?:was|is|has been) (?:created |generated )?automatic|automatically generated|machine generated message|this is an? (?:automat|advisory|delivery|mime-?encapsulated)/i,
  /(?:could|can|did|was|were|has|have) ?(?:not|n't|n’t) (?:yet )?(?:be |been )?(?:deliver|sent|reach|send|relay|process)|(?:cannot|can't|couldn't|wasn't|unable to|not able to|failed to|failure to|impossible to) (?:be )?(?:deliver|send|reach|relay)|(?:un|non-?)deliver(?:able|ed|y)|delivery (?:to the following|has failed|failed|failure|problem|error|has been delayed|incomplete)|not (?:be |been |yet )?delivered|did not reach|fatal (?:delivery )?errors|had (?:permanent|delivery|transient)|has been (?:returned|rejected|refused|bounced|postponed)|trouble delivering|temporary problem delivering|failed (?:permanently|recipients?)|permanent(?:ly)? (?:error|fail)|(?:mailbox|quota|user|recipient|address)\S{0,3} (?:is |was )?(?:full|exceed|unknown|over|not |disabled|invalid)|unknown (?:user|recipient|address)|(?:no such|invalid) (?:user|final|recipient|address|mailbox)|mailbox exceeds|not a member of this|intended recipient|following recipient|delivery status notification|remote server returned|transcript of session|error(?:-for| message below)|standard form of email address|invalid user|returned to (?:you|sender)|diagnostic information|failure reasons|no longer (?:valid|active|in use)/i,
  /^\s{0,20}<?[^\s<>@]{1,64}@[^\s<>]{1,190}[>:]{1,3} {0,4}[45]\d\d[ -](?:#?[45]\.\d{1,3}\.\d)/m,
  /\bhost \S{1,255} (?:said|refused to talk)|remote (?:host|server) (?:said|returned|replied)|smtp error from remote|in reply to [A-Z ]{4,20} command/i,
  /n.a (?:pas )?p[uû] (?:être|etre) |n.a pas (?:encore )?été (?:remis|délivr|distribu|envoy)|n.ont pas (?:pu|été)|impossible de (?:remettre|distribuer|délivrer|transmettre|livrer)|échec de (?:la )?(?:remise|distribution|livraison)|adresse .{0,40}(?:introuvable|n.existe pas|inconnue)|boîte .{0,30}pleine|destinataire.{0,30}(?:inconnu|refus|inexist)|non (?:remis|délivr|distribu)/i,
  /konnte.{0,80}nicht.{0,40}(?:zugestellt|übermittelt|gesendet|versendet|ausgeliefert)|nicht (?:zugestellt|zustellbar|ausgeliefert)|unzustellbar|fehler bei der (?:zustell|übermitt)|zustellung .{0,60}(?:fehlgeschlagen|nicht|verzögert)|empfänger.{0,30}(?:unbekannt|nicht)|postfach .{0,30}voll/i,
  /no (?:se )?(?:ha |pudo|puede|fue|se)? ?(?:podido )?(?:ser )?entreg|no pudo ser (?:entregad|enviad)|no se ha podido|imposible entregar|no se (?:pudo|puede) (?:entregar|enviar)|error (?:al|en la) (?:entreg|envi)|buz[oó]n .{0,30}lleno|direcci[oó]n .{0,40}(?:no existe|no se encontr)/i,
  /n[ãa]o (?:p[ôo]de|foi|pode|pudo|est[áa]) (?:ser )?(?:poss[ií]vel )?(?:entreg|enviad|encontrad)|falha (?:na|ao) (?:entreg|envi)|n[ãa]o (?:foi poss[ií]vel|conseguimos) (?:entreg|envi)|caixa .{0,30}cheia|endere[çc]o .{0,40}(?:n[ãa]o|inexistente)/i,
  /(?:non (?:è stato|e' stato|è|può|puo'|ha potuto) .{0,40}(?:possibile|consegn|recapit|essere|inviat)|impossibile (?:consegn|recapit|inviar)|mancat[oa] (?:recapito|consegna)|casella .{0,30}piena|indirizzo .{0,40}(?:inesistente|non))/i,
  /(?:kan|kon|is|zijn|werd) niet (?:worden )?(?:bezorgd|afgeleverd|verzonden|bereikt|besteld)|niet (?:worden )?(?:bezorgd|afgeleverd|besteld)|onbestelbaar|bezorging .{0,40}mislukt|postvak .{0,20}vol|e-?mailadres is niet gevonden/i,
  /не (?:может быть|было|удалось|удаётся|удается|смогло?|могло?) .{0,40}достав|не достав|недостав|невозможно доставить|ошибка (?:при )?достав|адрес .{0,40}не (?:существует|найден)|ящик .{0,40}(?:переполнен|не)|получател. .{0,40}не/i,
  /(?:配信|配送|送信|お届け|転送)(?:する(?:こと)?が?|が|を)?(?:でき(?:ません|なかった|ず)|に失敗|エラー|不能)|届け(?:る|られ).{0,10}(?:ません|なか)|存在しません|宛先.{0,20}(?:不明|見つかり)|容量.{0,12}(?:超|いっぱい)|エラーメール|メール送信に失敗|受信(?:でき|拒否)/,
  /无法(?:投递|送达|传递|发送|找到)|無法(?:投遞|送達|傳遞|傳送|找到)|(?:投递|发送|递送|传递)失败|(?:投遞|傳送)失敗|未能(?:投递|送达|发送)|被退回|退信|不存在|邮箱.{0,10}(?:已满|空间|容量)|拒收|退回/,
  /(?:전송|발송|배달|전달)(?:을|를|이|가)?.{0,6}(?:실패|못했|못하|할 수 없|되지 (?:않|못)|지연)|존재하지 않|찾을 수 없|용량.{0,6}(?:초과|부족)|수신(?:자|인).{0,20}(?:없|거부)|반송/,
  /(?:nie (?:można|mogła|udało się|została?)).{0,40}dostarcz|niedostarczon|(?:nelze|nemohla|nemohlo|nebyla?|nepodařilo se).{0,40}doruč|nedoručiteln|nem (?:sikerült|lehet|tudtuk).{0,40}kézbes|nu a putut fi livrat|(?:iletilemedi|gönderilemedi|teslim edilemedi)|(?:kunde|kan|gick) inte.{0,30}(?:leverera|skicka|nå)|(?:kunne|kan) ikke.{0,30}(?:lever|sende|nå)|ei voitu (?:toimittaa|lähettää)|toimitus epäonnistui|δεν (?:ήταν δυνατ|μπόρεσε|παραδόθηκε)|не (?:може бути|було|вдалося) доставлен/i,
]

const answered =
  /^\s*(?:re|fwd?|fw|aw|wg|tr|rv|sv|vs|antw|rif|i|r|res|enc|ha|ответ|отв|пересл|回复|回覆|答复|转发|轉寄)\s?(?:\[\d{1,3}\]|\(\d{1,3}\))?\s?[:：]/i
const delaySubject = /delay|warning|still being retried|retardé|différé|verzöger|retras|atras|ritard|vertraag|задерж|遅延|延迟|延遲/i
const delayWords =
  /not yet been delivered|has been delayed|delivery (?:is |was )?delayed|will (?:be retried|retry|continue to (?:try|be attempt))|this is a warning only|warning message only|do not need to resend|temporary problem delivering|has been postponed|attempts will continue|still being retried|delivery will continue|sera (?:de nouveau )?(?:tenté|réessay)|réessayera|pas encore été (?:remis|distribu|délivr)|noch nicht zugestellt|(?:todavía|aún) no (?:se )?ha|ainda não (?:foi|p[ôo]de)|non è (?:stato )?ancora|nog niet (?:worden )?(?:bezorgd|afgeleverd)|ещ[её] не (?:было )?достав|まだ(?:配信|配送|お届け)|尚未(?:投递|送达|送達)|wird weiterhin versucht|se seguir[áa] intentando|попытки .{0,40}будут продолжены|再送を試み|将继续尝试/i
const finalSubject = /^(?:undeliver|unzustellbar|non remis|onbestelbaar|returned mail|returned to sender)|: non remis\b/i
const finalWords = /given up|giving up|permanent(?:ly)? (?:error|fail)|final delivery|could not be delivered to one or more/i
const deliveredWords =
  /success(?:ful(?:ly)?)? (?:deliver|relay|recapit)|(?:was|were|has been|have been) (?:delivered|relayed) (?:to the (?:following|destination)|successfully)|to (?:these|the following) (?:recipients|destinations?).{0,120}\b(?:is|was) complete\b|erfolgreich (?:zugestellt|übermittelt)|(?:remis|distribu|livr)\S{0,3} (?:avec succès|aux? destinataires? suivant)|(?:entregad|enviad)\S{1,3} (?:correctamente|con éxito|com sucesso)|consegnat\S (?:correttamente|con successo)|succesvol (?:bezorgd|afgeleverd)|успешно доставлен|正常に(?:配信|送信)|已成功(?:投递|送达|传递)/is
const undeliveredWords =
  /\bnot\b.{0,20}deliver|could ?n[o'’]t|cannot|unable|fail|error(?!s from other)|undeliver|rejected|refused|nicht|n.a pas|no (?:se )?(?:ha|pudo)|n[ãa]o|\bnon\b|niet|\bне\b|できません|失败|无法/i
/** Subjects of what is about many mails, or about no mail. */
const manyMails =
  /^(?:\[[^\]]{0,40}(?:ticket|#\d|jira|issue|bug|redmine|gitlab)|.{0,200}\bdigest\b)|\b(?:reports?|statistics|summary|campaign|newsletter|parcel|package|order|colis|paket|pedido|pacco|pakket)\b/i
const greeting =
  /^\s*(?:dear|hello|hi\b(?!\W{1,3}(?:this is the|the mail|i am the|i.m the))|hey|good (?:morning|day|afternoon)|bonjour|bonsoir|madame|monsieur|cher|chère|hallo|guten (?:tag|morgen)|sehr geehrt|liebe|hola|estimad|buen[oa]s|gentile|salve|ciao|buongiorno|caro|ol[áa]\b|prezad|caro|bom dia|beste|geachte|goed|уважаем|здравствуй|добрый|привет|お世話|いつも|您好|你好|尊敬)/i

/** People tell what happened to them. */
const ownStory =
  /\bI (?:wrote|got|get|just|keep|received|am (?:getting|trying|receiving))\b|\b(?:I|we)(?: have|'ve)? (?:been )?(?:tried|trying) to (?:write|reach|contact|mail|e-?mail|answer|reply|send (?:you|him|her|them))\b|\b[Mm]y (?:e-?)?(?:mails?|messages?)\b|\b(?:replied|commented|posted) (?:to|on|in)\b|\b(?:can|could) you\b|\bhas (?:he|she) left\b/
const mailWords =
  /\b(?:e-?mails?|mails?|messages?|mailbox|smtp|courriel|nachricht|mensajes?|correo|mensage[mn]s?|messagg[io]|bericht|wiadomo|zpráv)|письм|сообщени|メール|邮件|郵件|信件|메일|\b[45]\d\d[ -]\d\.\d\.\d/i
const listManager = /-(?:admin|owner|bounces|request)@|^owner-/

/** Says whether the sender is a mail system by name. */
export function isSystemSender(notice: Notice): boolean {
  const { from, fromName } = notice
  return (
    isListManager(notice) || systemLocal.test(from.slice(0, Math.max(0, from.lastIndexOf('@')) || from.length)) || systemName.test(fromName)
  )
}

/** fml, which runs mailing lists in Japan, answers in its own name; the letters to a list carry the same field. */
function isListManager({ mail, from }: Notice): boolean {
  return /-admin@/.test(from) && (mail.header.first('x-mlserver') ?? '').startsWith('fml')
}

/** Says whether a person answers or forwards. */
export function isAnswer(notice: Notice): boolean {
  return answered.test(notice.subject) && !/ : non remis\b/i.test(notice.subject) && !isSystemSender(notice)
}

/** Says whether the mail is a mail system's notice that mail was not delivered, or not yet. */
export function isFailureNotice(notice: Notice): boolean {
  const { mail, subject, words } = notice
  if (mail.header.fields.length === 0) return openingSigns.some(sign => sign.test(words.slice(0, 4_000)))
  if (isAnswer(notice)) return false
  const begins = subjectSigns.some(sign => sign.test(subject))
  if (isSystemSender(notice) || mail.reportType === 'delivery-status' || mail.header.first('x-failed-recipients') !== null) {
    return begins || subjectSays.test(subject) || openingSigns.some(sign => sign.test(words.slice(0, 4_000)))
  }
  return begins && isUnsignedNotice(notice)
}

/**
 * A notice from no known name. It must speak of one failure in the subject and begin with it, without a greeting, and name somebody or
 * enclose the mail: tickets, digests, statistics and people bring it up later, after words of their own.
 */
function isUnsignedNotice(notice: Notice): boolean {
  const { subject, words, lines, original, parties } = notice
  const { header } = notice.mail
  if (header.first('in-reply-to') !== null && header.first('return-path')?.trim() !== '<>') return false
  // A tag in front is a list's, a tracker's or a repository's.
  if (manyMails.test(subject) || /^\s*\[|\?\s*$/.test(subject) || isListMail(notice)) return false
  const first = firstLines(lines)
  if (ownStory.test(first.join(' '))) return false
  const namesSomebody = original !== null || addressesIn(words.slice(0, 4_000)).some(({ address }) => !parties.has(address.toLowerCase()))
  if (greeting.test(first[0] ?? '') || !namesSomebody) return false
  // Parcels, cards and invoices fail to be delivered, too.
  if (original === null && !mailWords.test(words.slice(0, 4_000))) return false
  return openingSigns.some(sign => sign.test(first.join('\n')))
}

/** A newsletter, or what a list was sent. What comes to the manager of a list through the list is none. */
function isListMail({ mail: { header }, parties }: Notice): boolean {
  if (header.first('list-unsubscribe') === null && header.first('list-post') === null) return false
  return ![...parties].some(address => listManager.test(address))
}

/** Says whether the words begin with a greeting, as people's do. */
export function greets({ lines }: Notice): boolean {
  return greeting.test(firstLines(lines)[0] ?? '')
}

function firstLines(lines: readonly string[]): readonly string[] {
  return lines.filter(line => line.trim() !== '' && !/^[\s*=_#-]+$/.test(line)).slice(0, 4)
}

/** Says whether a mail system tells, in words alone, that mail arrived, and nothing else. */
export function saysDelivered(notice: Notice): boolean {
  if (!isSystemSender(notice)) return false
  const head = notice.words.slice(0, 2_000)
  return deliveredWords.test(head) && !undeliveredWords.test(head) && !undeliveredWords.test(notice.subject)
}

/** Says whether a notice speaks of mail that is still being tried. */
export function saysDelayed({ subject, words }: Pick<Notice, 'subject' | 'words'>): boolean {
  const head = words.slice(0, 3_000)
  // "Undeliverable": the server that is quoted may have said that it delays.
  if (finalSubject.test(subject) && !delaySubject.test(subject)) return false
  return (delaySubject.test(subject) || delayWords.test(head)) && delayWords.test(head) && !finalWords.test(head)
}
