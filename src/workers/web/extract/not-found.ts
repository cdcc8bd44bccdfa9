/** What shops call the page that they show with status 200 where a product is gone, as a whole title or the beginning of one. */
const PHRASES = [
  String.raw`(?:(?:error|http)\s*)?404(?:\s*(?:error|page|not found|page not found|[-–—|:].*))?`,
  String.raw`(?:error|ошибка|erreur|fehler|errore)[\s:#№-]*404.*`,
  String.raw`(?:(?:the|this|your|requested|sorry|oops|ups|uh-oh|whoops|we|that)[\s,.!:…-]*){0,4}(?:page|product|item|article|listing)s?(?: you(?:'|’)?(?: a)?re? (?:looking for|requested))? (?:(?:was|is|were|are|could|can)(?: ?not|n(?:'|’)t| no longer)?(?: be)?|has been|does(?: not|n(?:'|’)t)|no longer|cannot be|can(?:'|’)t be|not)\s*(?:not )?(?:found|exist|exists|available|removed|deleted)(?: (?:any ?more|any longer))?`,
  'not found',
  'nothing (?:was )?found',
  String.raw`(?:(?:к сожалению|извините|ой|упс|запрашиваемая|запрошенная|запрашиваемый|такой|такая|данная|данный|этот|эта)[\s,.!:…-]*){0,3}(?:страниц[аы]|товара?|раздел|позиция)(?: с таким адресом)? (?:не найден[аоы]?|не существует|удал[её]н[аоы]?|больше не (?:существует|доступн[аоы]?)|не обнаружен[аоы]?)`,
  '(?:такой|такого|этой|данной) (?:страницы|товара|страница|товар) (?:не существует|нет|не найдено)',
  'ничего не найдено|не найдено',
  '(?:сторінк[аиу]|товару?) не (?:знайдено|існує|знайдений)',
  '(?:die |diese |der |dieser |das |dieses )?(?:angeforderte |gesuchte |gewünschte )?(?:seite|artikel|produkt)(?: wurde| konnte| ist| existiert)?(?: leider)? nicht (?:gefunden(?: werden)?|verfügbar|mehr verfügbar|vorhanden)?',
  String.raw`(?:(?:oups|désolé)[\s,.!:-]*)?(?:la |cette |le |ce )?(?:page|produit|article)(?: demandée?| recherchée?)? (?:(?:est )?introuvable|non trouvée?|n(?:'|’)existe (?:pas|plus)|n(?:'|’)a pas été trouvée?|n(?:'|’)est plus disponible)`,
  '(?:la |esta |el |este )?(?:p[aá]gina|producto|art[ií]culo)(?: solicitad[ao])? (?:no (?:encontrad[ao]|existe|disponible|se encuentra|fue encontrad[ao]|se ha encontrado)|ya no existe)',
  '(?:a |esta |o |este )?(?:p[aá]gina|produto) (?:n[aã]o (?:encontrad[ao]|existe|foi encontrad[ao]))',
  '(?:la |il |questa )?(?:pagina|prodotto)(?: richiest[ao])? (?:non (?:trovat[ao]|esiste|è stat[ao] trovat[ao]|disponibile))',
  '(?:nie znaleziono (?:strony|produktu)|(?:strona|produkt) nie (?:został[ao]? )?(?:znalezion[aoy]|istnieje))',
  '(?:pagina|product|artikel) (?:is )?niet (?:gevonden|beschikbaar)',
  String.raw`(?:str[aá]nka|produkt|zbož[ií]) (?:nebyl[ao]?\s*)?(?:nenalezen[aoy]?|neexistuje|nalezen[aoy]?)`,
  '(?:sayfa|ürün) bulunamadı',
  '(?:sidan|produkten) (?:hittades inte|finns inte|kunde inte hittas)',
  '(?:siden|produktet) (?:blev ikke fundet|ble ikke funnet|finnes ikke|findes ikke)',
  '(?:sivua|tuotetta) ei löyty(?:nyt|ny)',
  '(?:页面|頁面|商品|网页)(?:不存在|未找到|找不到)|找不到(?:页面|頁面|商品|网页)|(?:ページ|商品)が(?:見つかりません|見つかりませんでした|存在しません)|페이지를 찾을 수 없습니다',
  '(?:a |az )?(?:keresett )?(?:oldal|termék) nem található',
  '(?:pagina|produsul) nu (?:a fost găsit[aă]?|există)',
]
const NOT_FOUND = new RegExp(`^[\\s\\p{P}]*(?:${PHRASES.join('|')})(?=[\\s\\p{P}]*(?:$|[|–—:!.…·»]|\\s-\\s))`, 'iu')
const MAX_CHARS = 200

/** Whether a title is that of a page that says it was not found. `Lost and Found` is not. */
export const saysNotFound = (title: string | undefined): boolean =>
  title !== undefined && NOT_FOUND.test(title.slice(0, MAX_CHARS).replace(/\s+/g, ' ').trim())
