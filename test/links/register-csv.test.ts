import t from 'tap'
import { csvCell } from '../../gateway/links/register-csv.ts'

t.test('no cell is a formula, and every cell is one cell', async (t) => {
  const cases: [string, string][] = [
    ['东街口', '"东街口"'],
    ['', '""'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
    ['+1', '"\'+1"'],
    ['-1+1', '"\'-1+1"'],
    ['@SUM(A1)', '"\'@SUM(A1)"'],
    ['\t=1', '"\'\t=1"'],
    ['\r=1', '"\'\r=1"'],
    [' =1', '"\' =1"'],
    ['a=1', '"a=1"'],
  ]
  for (const [text, cell] of cases) t.equal(csvCell(text), cell, JSON.stringify(text))
})
