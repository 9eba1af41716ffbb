/**
 * The same in other languages. Accents are folded; Chinese, Japanese and Korean letters are compared one by one.
 *
 * Pure.
 */
import type { RuleTable } from '../rule.ts'

const field = 'seen in the field'

export const unknownMailboxAbroad: RuleTable = {
  name: 'unknown mailbox, other languages',
  rules: [
    {
      id: 'user-unknown-fr',
      gives: 'invalid_address',
      when: {
        says: [
          '(utilisateur|destinataire|adresse|boite|compte|bal|usager|abonne|correspondant) * (inconnu|inconnue|inexistant|inexistante|introuvable|invalide|incorrecte|n existe pas|n existe plus|non valide|erronee|invalides|inconnus|n est pas connu|n est pas connue|n est pas reconnu|n est pas reconnue|non reconnu|non reconnue|pas trouve|pas trouvee|non trouve|non trouvee|n a pas ete trouve|n a pas ete trouvee|pas valide)',
          "(n'existe|nexiste) (pas|plus)",
          'aucun (utilisateur|destinataire|compte)',
          "pas d'utilisateur",
          'pas (de|d) (boite|compte|utilisateur|destinataire) * (nom|adresse)',
        ],
        unless: ['expediteur', 'emetteur', 'domaine', 'ip', 'groupe', 'il se peut', 'peut etre', 'entete*', 'authentification'],
      },
      sample: '550 5.1.1 <user@example.fr>: Adresse inexistante sur ce serveur',
      source: field,
    },
    {
      id: 'user-unknown-de',
      gives: 'invalid_address',
      when: {
        says: [
          '(benutzer|empfänger|adresse|postfach|mailbox|konto|empfängeradresse|e mail adresse|emailadresse|mailadresse|teilnehmer|nutzer|kunde|account) * (unbekannt|existiert nicht|nicht gefunden|nicht vorhanden|nicht bekannt|ungültig|gibt es nicht|gibt es hier nicht|nicht existent|existieren nicht|existiert hier nicht|existiert auf * nicht|existiert bei * nicht|existiert in * nicht|wurde nicht gefunden)',
          '(unbekannter|ungültiger|unbekannte|ungültige|kein|keine|nicht existierende) (benutzer|empfänger|adresse|nutzer|mailbox|postfach|teilnehmer|empfängeradresse|solcher|solche|gültiger|gültige)',
        ],
        unless: ['absender', 'domain', 'später', 'absenderadresse', 'ip', 'gruppe', 'möglicherweise', 'anmeld*'],
      },
      sample: '550 5.1.1 Empfaenger existiert nicht',
      source: field,
    },
    {
      id: 'user-unknown-es-pt-it',
      gives: 'invalid_address',
      when: {
        says: [
          '(usuario|destinatario|direccion|cuenta|buzon|casilla|endereco|conta|caixa|utilizador|utente|indirizzo|casella|account|mailbox|caixa postal) * (desconocido|desconocida|inexistente|inesistente|inesistenti|invalido|invalida|no existe|no encontrado|no encontrada|no valido|no valida|no es valida|desconhecido|desconhecida|nao existe|nao encontrado|nao encontrada|sconosciuto|sconosciuta|non esiste|non trovato|non trovata|non valido|non valida|non esistente|incorrecta|erronea|no es valido|errato|no registrado|no registrada|nao cadastrado|nao cadastrada|non registrato|no fue encontrado|no fue encontrada|no se encuentra|no se encontro|non e stato trovato|non e stata trovata|nao foi encontrado|nao foi encontrada|non presente|no esta registrado)',
          'no existe (dicha|dicho|ninguna|ningun|una|un) (persona|usuario|cuenta|direccion|buzon|destinatario)',
          '(desconocido|desconhecido|sconosciuto|inexistente|nessun) (usuario|destinatario|utente|utilizador)',
          'no existe (el|la|tal|ese|este) (usuario|destinatario|cuenta|buzon|direccion)',
          'nao existe (o|a|este|esta|esse|tal) (usuario|destinatario|conta|caixa|endereco)',
        ],
        unless: ['remitente', 'mittente', 'remetente', 'dominio', 'ip', 'grupo', 'gruppo', 'quizas', 'forse', 'talvez', 'autentic*'],
      },
      sample: '550 5.1.1 <user@example.com.br>: Usuario desconhecido',
      source: field,
    },
    {
      id: 'user-unknown-nl-north',
      gives: 'invalid_address',
      when: {
        says: [
          '(gebruiker|ontvanger|adres|mailbox|postbus|account|e mailadres|emailadres) * (onbekend|bestaat niet|niet gevonden|ongeldig|niet bekend|bestaat hier niet)',
          '(onbekende|ongeldige) (gebruiker|ontvanger|geadresseerde)',
          '(geadresseerde) (onbekend)',
          '(användare|mottagare|adressen|mottagaren|kontot|brevlada) * (okand|finns inte|finns ej|existerar inte|saknas)',
          'okand (användare|mottagare)',
          '(bruger|modtager|bruker|mottaker|mottakeren|adressen|modtageren) * (ukendt|ukjent|findes ikke|finnes ikke|eksisterer ikke)',
          '(ukendt|ukjent) (bruger|modtager|bruker|mottaker)',
          '(kayttaja*|vastaanottaja*|osoite*|postilaatikko*) * (tuntematon|ei ole|ei loydy)',
        ],
        unless: ['afzender', 'domein', 'avsändare', 'ip', 'groep'],
      },
      sample: '550 5.1.1 Onbekende gebruiker',
      source: field,
    },
    {
      id: 'user-unknown-slavic',
      gives: 'invalid_address',
      when: {
        says: [
          '(пользователь|адресат|получатель|ящик|адрес|аккаунт|абонент|учетная запись|почтовый ящик|пользователя|получателя|ящика) * (не найден|не найдена|не существует|неизвестен|неизвестный|отсутствует|не зарегистрирован|неверный|недействителен|не известен|не обнаружен)',
          '(нет|неизвестный|несуществующий|неверный|нету) (такого|почтовый|) (пользователя|пользователь|получателя|получатель|ящика|адресата|адрес получателя|почтового ящика|адресат|ящик)',
          'такого (пользователя|ящика|адреса|получателя|адресата) * (нет|не существует)',
          '(користувач*|отримувач*|скриньк*|адресат*|одержувач*) * (не знайдено|не існує|невідомий|не знайдений)',
          '(uzytkownik|odbiorca|adres|konto|skrzynka|adresat|uzytkownika|skrzynki) * (nieznany|nieznana|nie istnieje|nie znaleziono|nie znaleziony|niepoprawny|nieznane|nie ma|bledny)',
          '(nieznany|nie ma takiego|brak|nieprawidlowy) (uzytkownik|odbiorca|uzytkownika|odbiorcy|adresat|konta|skrzynki|adres)',
          '(uzivatel|prijemce|adresat|schranka|adresa|ucet|pouzivatel|prijimatel|schranka) * (neexistuje|neznamy|neznama|nenalezen|nenalezena|nebyl nalezen|neznamy)',
          '(neznamy|neexistujici) (uzivatel|prijemce|adresat|pouzivatel)',
        ],
        unless: ['отправител*', 'домен', 'nadawc*', 'ip', 'обратн*', 'групп*', 'возможно'],
      },
      sample: '550 5.1.1 Пользователь не найден',
      source: field,
    },
    {
      id: 'user-unknown-other',
      gives: 'invalid_address',
      when: {
        says: [
          '(kullanici|alici|adres|hesap|posta kutusu) * (bulunamadi|yok|bilinmiyor|gecersiz|tanimsiz|mevcut degil)',
          '(bilinmeyen|gecersiz) (kullanici|alici)',
          '(felhasznalo|cimzett|postafiok) * (ismeretlen|nem letezik|nem talalhato)',
          'ismeretlen (felhasznalo|cimzett)',
          '(utilizator|destinatar|adresa) * (necunoscut|inexistent|inexistenta|nu exista)',
          '(χρηστης|παραληπτης) * (αγνωστος|δεν υπαρχει)',
        ],
        unless: ['gonderen'],
      },
      sample: '550 5.1.1 Kullanici bulunamadi',
      source: field,
    },
    {
      id: 'user-unknown-cjk',
      gives: 'invalid_address',
      when: {
        says: [
          '(用户|邮箱|收件人|帐户|账户|帐号|账号|信箱|地址|邮件地址|收件地址|用戶|使用者|帳號|收件者|信箱|郵箱) * (不存在|不正确|未找到|没有找到|找不到|无效|错误|未知|不正確|無效|不合法|不詳|未注册)',
          '(不存在|无此|没有此|没有这个|查无此|無此|查無此|沒有此|没有该|无效的|未知的|未知) (的|该|此|) (用户|邮箱|收件人|账号|帐号|帐户|用戶|使用者|信箱|帳號|郵箱|收件地址)',
          '(アドレス|ユーザー|ユーザ|メールボックス|アカウント|宛先|受信者|あて先) * (存在しません|存在しない|存在いたしません|見つかりません|みつかりません|見つからない|不明)',
          '(存在しない|不明な|無効な) (メールアドレス|アドレス|ユーザ|ユーザー|宛先|あて先|メール)',
          '宛先不明',
          '(사용자|계정|수신자|주소|아이디|편지함) * (존재하지|찾을 수 없|알 수 없)',
          '(존재하지 않는|없는|알 수 없는) (사용자|계정|수신자|주소|메일주소|아이디)',
        ],
        unless: [
          '发件人',
          '域名',
          'ドメイン',
          '寄件',
          '도메인',
          '发信',
          '送信',
          '发送者',
          'ip',
          '认证',
          '密码',
          '群组',
          '群組',
          'グループ',
          '権限',
          '가능성',
        ],
      },
      sample: '550 5.1.1 该用户不存在',
      source: field,
    },
  ],
}
