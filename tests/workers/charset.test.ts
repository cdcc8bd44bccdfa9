import { describe, expect, test } from 'bun:test'
import { decodePage } from '../../src/workers/web/extract/charset.ts'
import { readDocument } from '../../src/workers/web/extract/index.ts'
import { leastCpuMs } from '../support/cpu.ts'

/** Bytes of the characters of a charset: what a decoder makes of one and of two bytes, the other way round. */
const encoderOf = (label: string) => {
  const decoder = new TextDecoder(label as 'utf-8')
  const bytes = new Map<string, number[]>()
  const add = (...code: number[]) => {
    const char = decoder.decode(new Uint8Array(code))
    if ([...char].length === 1 && char !== '\ufffd' && !bytes.has(char)) bytes.set(char, code)
  }
  for (let one = 0; one < 256; one++) add(one)
  if (!/windows|koi8|iso-8859|ibm/.test(label))
    for (let one = 0x81; one < 0xff; one++) for (let two = 0x40; two < 0xff; two++) add(one, two)
  return (text: string) =>
    new Uint8Array(
      [...text].flatMap((char) => {
        const code = bytes.get(char)
        if (!code) throw new Error(`${label} has no ${char}`)
        return code
      }),
    )
}
const html = (title: string, head = '') =>
  `<!doctype html><html><head>${head}<title>${title}</title><link rel="stylesheet" href="/a.css"></head><body class="page"><h1>${title}</h1></body></html>`
const titleOf = (bytes: Uint8Array, type = 'text/html') => /<title>([^<]*)<\/title>/.exec(decodePage(bytes, type))?.[1]
const utf8 = (text: string) => new TextEncoder().encode(text)

describe('nothing is declared', () => {
  test.each([
    ['windows-1251', 'Чайник заварочный'],
    ['windows-1251', 'Кружка «Лето», 350 мл. В корзину'],
    ['windows-1251', 'Чайник порцелянова біла їжа є'],
    ['koi8-r', 'Чайник заварочный'],
    ['koi8-r', 'Кружка Лето, 350 мл. В корзину. Доставка по всей России'],
    ['iso-8859-5', 'Кружка Лето, 350 мл. В корзину. Доставка по всей России'],
    ['ibm866', 'Кружка Лето, 350 мл. В корзину. Доставка по всей России'],
    ['gb18030', '陶瓷茶杯 白色 大号 加入购物车'],
    ['big5', '陶瓷茶杯 白色 大號 加入購物車'],
    ['shift_jis', '陶器のティーカップ 白 カートに入れる'],
    ['euc-jp', '陶器のティーカップ 白 カートに入れる'],
    ['euc-kr', '도자기 찻잔 흰색 장바구니에 담기'],
    ['windows-1252', 'Théière en porcelaine émaillée'],
    ['windows-1252', 'Kaffeetasse weiß groß für Männer'],
    ['windows-1250', 'Porcelánový čajník, bílý, přidat do košíku'],
    ['windows-1250', 'Kubek z uszkiem żółty łódź'],
    ['windows-1253', 'Τσαγιέρα πορσελάνης λευκή'],
    ['windows-1254', 'Porselen çaydanlık beyaz büyük şık sepete ekle ğ'],
    ['windows-1255', 'קומקום חרסינה לבן'],
    ['windows-1256', 'إبريق شاي خزفي أبيض'],
    ['windows-874', 'กาน้ำชาเซรามิกสีขาว'],
    ['utf-8', 'Чайник заварочный'],
  ])('%s: %s', (label, title) => {
    const bytes = label === 'utf-8' ? utf8(html(title)) : encoderOf(label)(html(title))
    expect(titleOf(bytes)).toBe(title)
    // A declaration that the bytes contradict is as good as none.
    expect(titleOf(bytes, 'text/html; charset=utf-8')).toBe(title)
  })
  test('the language of the page helps where the text is short', () => {
    const page = html('紫砂茶壺').replace('<html>', '<html lang="zh-TW">')
    expect(titleOf(encoderOf('big5')(page))).toBe('紫砂茶壺')
  })
  test('UTF-16 without a mark', () => {
    const bytes = new Uint8Array([...html('Чайник')].flatMap((char) => [char.charCodeAt(0) & 255, char.charCodeAt(0) >> 8]))
    expect(titleOf(bytes)).toBe('Чайник')
    expect(titleOf(bytes.slice().map((_, at) => bytes[at ^ 1]!))).toBe('Чайник')
  })
})

describe('declarations', () => {
  const cp1251 = encoderOf('windows-1251')
  const koi8 = encoderOf('koi8-r')
  test.each<[string, Uint8Array, string | undefined]>([
    ['behind 8 KB', koi8(html('Чайник', `<!--${'x'.repeat(8000)}--><meta charset="koi8-r">`)), undefined],
    ['as http-equiv', koi8(html('Чайник', '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">')), undefined],
    ['in a comment', koi8(html('Чайник', '<!-- <meta charset="windows-1251"> --><meta charset=koi8-r>')), undefined],
    ['in a script', koi8(html('Чайник', `<script>'<meta charset="windows-1251">'</script><meta charset=koi8-r>`)), undefined],
    [
      'in a description',
      koi8(html('Чайник', '<meta name="description" content="charset=windows-1251"><meta charset=koi8-r>')),
      undefined,
    ],
    ['in XML', koi8(`<?xml version="1.0" encoding="koi8-r"?>${html('Чайник')}`), undefined],
    ['in the header before the page', cp1251(html('Чайник', '<meta charset="koi8-r">')), 'text/html; charset=windows-1251'],
    ['under a name that browsers do not know', cp1251(html('Чайник')), 'text/html; charset=win-1251'],
    [
      'of another charset than the bytes, which are UTF-8',
      utf8(html('Чайник', '<meta charset="windows-1251">')),
      'text/html; charset=iso-8859-1',
    ],
    ['of UTF-16 in a page of ASCII', cp1251(html('Чайник заварочный фарфоровый', '<meta charset="utf-16">')), undefined],
  ])('%s', (_, bytes, type) => {
    expect(titleOf(bytes, type)?.split(' ')[0]).toBe('Чайник')
  })

  test('some bytes of a comment do not make another charset of a page', () => {
    const bytes = utf8(html('Чайник', `<meta charset="utf-8"><meta name="description" content="${'слово '.repeat(50)}?">`))
    bytes[bytes.lastIndexOf(0x3f)] = 0xe9
    expect(titleOf(bytes)).toBe('Чайник')
  })

  test('no name with U+FFFD is taken', () => {
    const text = `${html('x', '<meta charset="utf-8">')}<p>${'слово '.repeat(50)}</p><div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Чай?</b></div>`
    const bytes = utf8(text)
    bytes[bytes.lastIndexOf(0x3f)] = 0xff
    const data = readDocument({ url: 'https://shop.example/p', contentType: 'text/html', bytes }, { siteKey: 's' })
    expect(data.products).toEqual([])
    expect(data.rejected).toEqual(['microdata: unreadable characters in the name "Чай\ufffd"'])
  })

  test('5 MB without an end are read in one pass', () => {
    for (const text of ['<meta ', '<!--', '<script', '<meta charset', '<meta content="', 'é']) {
      const bytes = utf8(text.repeat(5e6 / text.length))
      expect(leastCpuMs(() => decodePage(bytes, 'text/html'))).toBeLessThan(2000)
    }
  })
})
