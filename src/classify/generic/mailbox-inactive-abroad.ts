/**
 * Words that say in other languages: the mailbox was closed, disabled, suspended. Accents are folded; Chinese, Japanese and Korean letters
 * are compared one by one.
 *
 * Pure.
 */
import type { Rule, RuleTable } from '../rule.ts'

const field = 'seen in the field'

/** What holds in every language: the sender's account, a machine, or a state that passes. */
const elsewhere = [
  ...['ip', 'temporar*', 'sender', 'spam', 'quota', 'domain'],
  // Or a server that does not tell "unknown" from "switched off".
  ...['(unbekannt|inconnu|inconnue|desconocido|desconocida|sconosciuto|sconosciuta|desconhecido|onbekend|неизвестен|nieznany)'],
]

const row = (language: string, says: readonly string[], unless: readonly string[], sample: string): Rule => ({
  id: `mailbox-disabled-${language}`,
  gives: 'inactive_address',
  when: { says, unless: [...elsewhere, ...unless] },
  sample,
  source: field,
})

export const mailboxInactiveAbroad: RuleTable = {
  name: 'mailbox inactive, other languages',
  rules: [
    row(
      'fr',
      [
        '(compte|boite|bal|adresse|utilisateur|destinataire|messagerie|abonnement|abonne|usager) * (inactif|inactive|desactive*|suspendu*|ferme|fermee|cloture*|resilie*|supprime|supprimee|archive*|expire|expiree|efface|effacee|detruit|detruite|annule|annulee|obsolete|desaffecte*)',
        "(compte|boite|bal|adresse|messagerie) * (n'est plus|nest plus|n'est pas|est plus) (actif|active|activee|utilise|utilisee|en service|valide|disponible|attribuee|relevee|en fonction)",
        '(compte|boite|bal) * (bloque|bloquee|verrouille*|gele|gelee)',
        'inactif* * (compte|boite|adresse)',
        "(a quitte|ne travaille plus|ne fait plus partie) (l'entreprise|la societe|notre|dans|chez|de|pour)",
      ],
      [
        'temporairement',
        'momentanement',
        'provisoirement',
        '(expediteur|emetteur)',
        'votre (compte|adresse|boite|messagerie)',
        '(message|messages|courrier|mail) * (bloque*|supprime*|detruit*|efface*)',
        'domaine',
      ],
      '550 5.2.1 Ce compte est suspendu',
    ),
    row(
      'de',
      [
        '(postfach|konto|mailbox|adresse|empfänger|benutzer|nutzer|account|benutzerkonto|emailadresse|mailadresse|empfängeradresse|mailkonto|emailkonto|mailaccount|anschluss) * (deaktiviert|stillgelegt|geschlossen|inaktiv|gekündigt|abgeschaltet|gelöscht|nicht aktiv|archiviert|eingestellt|abgelaufen|suspendiert|aufgelöst|ausgeschieden|entfernt|abgemeldet|außer betrieb)',
        '(postfach|konto|mailbox|adresse|empfänger|benutzer|nutzer|account|benutzerkonto|emailadresse|mailadresse|empfängeradresse) * nicht (mehr|länger) (aktiv|gültig|verfügbar|vorhanden|erreichbar|existent|existiert|genutzt|verwendet|benutzt|bekannt|in gebrauch|in betrieb|in verwendung|aktuell|bedient|gelesen|abgerufen)',
        '(postfach|konto|mailbox|adresse|benutzer|account) existiert nicht mehr',
        '(postfach|konto|mailbox|benutzerkonto|account|mailkonto|benutzer) * gesperrt',
        'nimmt keine (nachrichten|mails|e mails|emails) mehr (an|entgegen)',
        'nicht mehr (bei|für|in) (uns|unserem|unserer|der firma|dieser firma) (tätig|beschäftigt|angestellt)',
        '(firma|unternehmen) verlassen',
        '(deaktiviertes|deaktivierte|gesperrtes|geschlossenes|inaktives|gelöschtes|stillgelegtes) (postfach|konto|benutzerkonto|mailbox|adresse|mailadresse)',
      ],
      [
        'absender*',
        '(vorübergehend|zeitweise|momentan|derzeit)',
        '(ihr|ihre|ihrem) (konto|account|adresse|mailadresse|postfach|mailkonto)',
      ],
      '550 5.2.1 Dieses Postfach wurde stillgelegt',
    ),
    row(
      'es',
      [
        '(cuenta|buzon|usuario|direccion|casilla|correo|destinatario|cliente) * (desactivad*|suspendid*|inactiv*|cancelad*|deshabilitad*|de baja|cerrad*|eliminad*|inhabilitad*|caducad*|expirad*|borrad*|no activ*|no esta activ*|desactualizad*)',
        '(cuenta|buzon|usuario|direccion|casilla) * ya no (existe|esta activ*|esta disponible|esta en uso|se utiliza|se usa|es valid*)',
        '(cuenta|buzon|casilla) * bloquead*',
        'ya no (trabaja|pertenece|labora) (en|a|con)',
        'dada de baja',
      ],
      [
        'remitente',
        '(temporalmente|momentaneamente)',
        'su (cuenta|direccion|buzon)',
        '(mensaje|correo) * (bloquead*|eliminad*)',
        'dominio',
      ],
      '550 5.2.1 La cuenta ha sido dada de baja',
    ),
    row(
      'it',
      [
        '(casella|account|utenza|utente|mailbox|indirizzo|destinatario) * (disattivat*|disabilitat*|sospes*|inattiv*|chius*|cessat*|scadut*|non attiv*|non piu attiv*|eliminat*|cancellat*|rimoss*|dismess*|disdett*|non e attiv*)',
        '(casella|account|utenza|mailbox|indirizzo) * non (e|) piu (attiv*|valid*|in uso|utilizzat*|disponibile|esistente)',
        '(casella|account|mailbox|utenza) * bloccat*',
        'non lavora piu (qui|in|per|presso|con)',
      ],
      [
        'mittente',
        '(temporaneamente|momentaneamente)',
        '(tuo|vostro|suo) (account|indirizzo)',
        'messaggio * (bloccat*|eliminat*)',
        'dominio',
      ],
      '550 5.2.1 Casella disattivata',
    ),
    row(
      'pt',
      [
        '(conta|caixa|usuario|endereco|mailbox|utilizador|destinatario|email) * (desativad*|desactivad*|suspens*|inativ*|inactiv*|cancelad*|desabilitad*|encerrad*|excluid*|expirad*|removid*|apagad*|desligad*|nao esta ativ*|nao ativ*)',
        '(conta|caixa|usuario|endereco|utilizador) * nao (esta|existe|e) mais (ativ*|valid*|disponivel|em uso|utilizad*)',
        '(conta|caixa|caixa postal) * bloquead*',
        'nao trabalha mais (aqui|na|no|com|para)',
      ],
      ['remetente', '(temporariamente|momentaneamente)', 'sua (conta|caixa)', '(mensagem|email) * bloquead*', 'dominio'],
      '550 5.2.1 Caixa postal inativa',
    ),
    row(
      'nl',
      [
        '(account|mailbox|postbus|postvak|gebruiker|adres|e mailadres|emailadres|mailadres|ontvanger) * (gedeactiveerd|uitgeschakeld|opgeheven|opgezegd|inactief|gesloten|niet actief|niet meer actief|niet langer actief|afgesloten|verwijderd|verlopen|opgeschort|beeindigd|niet meer in gebruik|niet langer in gebruik|buiten gebruik|niet meer geldig|niet langer geldig)',
        '(account|mailbox|postbus|postvak) * geblokkeerd',
        'niet (meer|langer) (werkzaam|in dienst) (bij|voor)',
        'werkt niet (meer|langer) (bij|hier|voor)',
      ],
      ['afzender', 'tijdelijk', 'uw (account|adres|mailbox)', 'domein'],
      '550 5.2.1 Account opgeheven',
    ),
    row(
      'north',
      [
        '(kontot|konto|postladan|brevladan|adressen|mottagaren) * (inaktiverat|inaktivt|avstangt|stangt|upphort|sparrat|avslutat|ar inte aktiv*|borttagen|borttaget)',
        '(kontoen|kontoen|postkassen|adressen|brukeren|brugeren) * (deaktivert|deaktiveret|stengt|sperret|lukket|nedlagt|inaktiv|ikke aktiv|slettet|ikke lenger i bruk|ikke laengere i brug)',
        '(tili|postilaatikko) * (suljettu|lukittu|poistettu|ei ole aktiivinen)',
      ],
      ['(avsandare*|avsender*|afsender*)'],
      '550 5.2.1 Kontot är avstängt',
    ),
    row(
      'slavic',
      [
        '(ящик|пользовател*|аккаунт|адрес|адресат|учетная запись|учетной записи|почтовый ящик|абонент|получател*) * (заблокирован*|блокирован*|отключен*|неактив*|не активен|не активна|деактивирован*|удален*|приостановлен*|закрыт*|заморожен*|выключен*|не активирован*|не используется|уволен*|аннулирован*|устарел)',
        'неактивн* (ящик|пользователь|адрес|аккаунт|почтовый)',
        '(заблокирован*|отключен*|удален*) * (неактивн*|неиспользован*)',
        '(скринька|користувач|акаунт|адреса|обліковий запис) * (заблокован*|вимкнен*|видален*|неактивн*|відключен*|призупинен*)',
        '(konto|skrzynka|uzytkownik|adres|odbiorca|adresat) * (zablokowan*|nieaktywn*|zawieszon*|wylaczon*|usuniet*|niedostepn*|zamkniet*|wygas*|skasowan*|dezaktywowan*|zlikwidowan*|nie jest aktywn*)',
        '(schranka|ucet|uzivatel|konto|adresa|pouzivatel) * (zablokovan*|neaktivn*|zrusen*|deaktivovan*|blokovan*|pozastaven*|smazan*|vymazan*)',
      ],
      [
        '(отправител*|відправник*|nadawc*|odesilatel*|odosielatel*)',
        '(временно|тимчасово|tymczasowo|czasowo|docasne)',
        '(ваш|ваша|twoje|twoj)',
        '(домен|domena|domeny)',
      ],
      '550 Почтовый ящик отключен',
    ),
    row(
      'other',
      [
        '(hesap|hesabi|kullanici|posta kutusu|adres) * (kapali|devre disi|askiya|pasif|kapatil*|silinmis|dondurul*|etkin degil)',
        '(felhasznalo|postafiok|fiok|cim) * (letiltva|letiltott|megszunt|inaktiv|felfuggesztett|torolt|torolve)',
        '(contul|cont|casuta|utilizatorul|adresa) * (dezactivat*|suspendat*|inactiv*|inchis*|sters*|blocat*)',
      ],
      ['(gonderen|felado|expeditor*)', '(gecici|atmenetileg|temporar)'],
      '550 Hesap askiya alinmis',
    ),
    row(
      'cjk',
      [
        '(邮箱|用户|帐户|账户|账号|帐号|信箱|收件人|郵箱|用戶|帳號|帳戶|使用者) * (被锁|锁定|停用|禁用|冻结|注销|已停|被封|封禁|停止使用|已过期|已关闭|已删除|已失效|凍結|鎖定|註銷|已過期|未激活)',
        '(邮箱被锁|已停用|已禁用|已冻结|已注销|已失效)',
        '(アカウント|メールボックス|ユーザ|ユーザー|アドレス|宛先) * (無効|停止|凍結|休止|削除|解約|利用停止|ロック|廃止|退会|閉鎖)',
        '(アドレス|アカウント|メールボックス) * (使用|利用|使わ) * (おりません|いません|できません)',
        '(退会|解約) * (ユーザ|お客|会員|アカウント)',
        '(계정|메일함|사용자|회원) * (정지|휴면|비활성|해지|탈퇴|삭제|중지)',
        '(휴면|탈퇴한)',
      ],
      ['(送信|发件人|发信|寄件|发送者|寄件者|발신|보낸)', '(暂时|临时|一時|일시)', '(ドメイン|域名|도메인)'],
      '550 5.2.1 账户已冻结',
    ),
  ],
}
