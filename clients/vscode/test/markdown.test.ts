// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { commandOf, readInfo } from '../src/webview/code';
import { highlight } from '../src/webview/highlight';
import { isFileReference, isWebAddress, renderMarkdown, type Tools } from '../src/webview/markdown';
import { StreamedMarkdown } from '../src/webview/stream';

const opened: string[] = [];
const ran: string[] = [];
const tools: Tools = {
  labels: { copy: 'Copy', insert: 'Insert', apply: 'Apply', run: 'Run', copied: 'Copied', code: 'Code' },
  imageLabel: 'Image',
  onCopy: () => undefined,
  onInsert: () => undefined,
  onApply: () => undefined,
  onRun: (command) => ran.push(command),
  onLink: (href) => opened.push(href),
};

const markup = (element: HTMLElement): string => [...element.childNodes].map((node) => new XMLSerializer().serializeToString(node)).join('');

function render(text: string): HTMLElement {
  const root = document.createElement('div');
  root.append(renderMarkdown(text, tools));
  return root;
}

beforeEach(() => (opened.length = 0));

describe('Markdown', () => {
  it('becomes elements', () => {
    const root = render('# Title\n\nSome *words* and `code`.\n\n1. one\n2. two\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n');
    expect(root.querySelector('h3')?.textContent).toBe('Title');
    expect(root.querySelector('em')?.textContent).toBe('words');
    expect(root.querySelectorAll('ol > li')).toHaveLength(2);
    expect(root.querySelector('td.align-center')?.textContent).toBe('2');
  });

  it.each([
    '<img src=x onerror=alert(1)>',
    '<script>alert(1)</script>',
    '<iframe src="https://evil.example"></iframe>',
    '<a href="javascript:alert(1)">x</a>',
    '![](https://evil.example/pixel.png)',
    '![x](data:image/svg+xml;base64,PHN2Zz4=)',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](java&#115;cript:alert(1))',
    '[x](command:workbench.action.terminal.new)',
    '[x](vscode://extension/evil)',
    '[x](file:///etc/passwd)',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](\\\\host\\share)',
    '[x](//evil.example/path)',
    '[x](../../etc/passwd.txt)',
    '[x][r]\n\n[r]: command:evil',
    '<style>*{background:url(https://evil.example)}</style>',
    '<form action="https://evil.example"><input></form>',
    '`<img src=x>` and ``` <svg onload=1> ```',
    '```html\n<img src=x onerror=alert(1)>\n```',
  ])('that is hostile does nothing: %s', (text) => {
    const root = render(text);
    for (const element of root.querySelectorAll('*')) {
      expect(['SCRIPT', 'IFRAME', 'IMG', 'STYLE', 'FORM', 'INPUT', 'OBJECT', 'EMBED', 'LINK', 'META']).not.toContain(element.tagName);
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on|^style$|^src$|^srcset$|^action$/);
        if (name === 'href') expect(value).toBe('#');
      }
    }
    for (const link of root.querySelectorAll('a')) link.dispatchEvent(new Event('click', { cancelable: true }));
    // Asked for, and judged by the extension: a web address is confirmed, a file must lie in the workspace.
    for (const href of opened) expect(href).toMatch(/^(https:\/\/evil\.example\/pixel\.png|file:\/\/\/etc\/passwd)$/);
  });

  it('shows characters that cannot be seen', () => {
    expect(render('a\u202eb\u200bc').textContent).toBe('a[U+202E]b[U+200B]c');
  });

  it('opens web addresses and places in the workspace only', () => {
    expect(['https://a.example/b', 'HTTP://A', 'ftp://a', 'mailto:a@b', 'https://a b'].map(isWebAddress)).toEqual([true, true, false, false, false]);
    expect(['src/a.py', 'src/a.py:12', 'a.ts#L3', '../a.py', '/etc/a.conf', 'command:a.b', 'javascript:a.b', 'c:\\a.py'].map(isFileReference)).toEqual([true, true, true, false, false, false, false, false]);
  });

  it('decodes the entities that people write', () => {
    expect(render('&amp; &lt;b&gt; &mdash; &#x41; &unknown; &#0;').textContent).toBe('& <b> — A &unknown; \ufffd');
  });
});

describe('highlighting', () => {
  const kinds = (text: string, language: string): string[] => highlight(text, language).map((node) => (typeof node === 'string' ? `-${node}` : `${(node as HTMLElement).className.slice(3)}-${node.textContent}`));

  it.each([
    ['def f(x):  # note\n    return "a # b"', 'python'],
    ['const a = `x ${1}`; // end\n/* open', 'ts'],
    ['SELECT * FROM t -- all', 'sql'],
    ['"unclosed\nnext', 'json'],
    ['+added\n-removed\n same', 'diff'],
    ['\u0000 weird ￿ text', 'rust'],
  ])('keeps every character of %j', (text, language) => {
    expect(highlight(text, language).map((node) => (typeof node === 'string' ? node : node.textContent)).join('')).toBe(text);
  });

  it('tells comments, strings and words apart', () => {
    expect(kinds('if x: # "no"', 'python')).toContain('comment-# "no"');
    expect(kinds('s = "# no comment"', 'python')).toContain('string-"# no comment"');
    expect(kinds('return call(1)', 'js')).toEqual(expect.arrayContaining(['keyword-return', 'call-call', 'number-1']));
  });

  it('leaves languages alone that it does not know', () => {
    expect(highlight('anything', 'klingon')).toEqual(['anything']);
  });

  // A pattern that gives up on what is never closed would try again, to the end of the text, at every character of it.
  it.each([
    ['python', '"\\', 'string'],
    ['python', "'\\", 'string'],
    ['python', '"""\n', 'string'],
    ['c', '"\\', 'string'],
    ['c', '/* ', 'comment'],
    ['c', '//', 'comment'],
    ['ts', '`\\', 'string'],
  ])('reads %s %j, never closed, as one', (language, opening, kind) => {
    const text = opening + 'x\\'.repeat(1000);
    expect(kinds(text, language)).toEqual([`${kind}-${text}`]);
  });
});

describe('the line after a fence', () => {
  it.each([
    ['python', { language: 'python', file: undefined }],
    ['python src/a.py', { language: 'python', file: 'src/a.py' }],
    ['python title="a.py"', { language: 'python', file: 'a.py' }],
    ['src/a.py', { language: 'py', file: 'src/a.py' }],
    ['', { language: '', file: undefined }],
    ['"><img>', { language: 'img', file: undefined }],
  ])('%j', (info, expected) => expect(readInfo(info)).toEqual(expected));
});

describe('a reply that streams', () => {
  const TEXT = 'Intro with *words*.\n\n- a\n- b\n\n  more of b\n\n```python\nx = 1\n\n\ny = "```"\n```\n\n> quote\n\nLast [link](https://a.example) line.\n';

  function stream(pieces: string[]): HTMLElement {
    const streamed = new StreamedMarkdown(tools, () => undefined, (run) => run());
    for (const piece of pieces) streamed.push(piece);
    return streamed.element;
  }

  it.each([1, 2, 3, 7, 50, 1000])('reads the same in pieces of %d characters', (size) => {
    const pieces = TEXT.match(new RegExp(`[^]{1,${size}}`, 'g'))!;
    expect(stream(pieces).textContent).toBe(render(TEXT).textContent);
  });

  it.each([
    TEXT,
    'One\n***bold*** two\n#hashtag\n\n***\n\nthree\n===\n- a\n- b\n\n  c\n\n1. d\n\n\n> quoted\nlazily\n\n    code\n\n    more',
    '| a | b |\n|---|---|\n| 1 | 2 |\n\nafter\n\n~~~js\nlet x\n\n```\n~~~\n\n<b>no</b>\n',
    'See [the page][1].\n\nAnd more.\n\n[1]: https://example.com\n',
    '```py\nnever closed\n\nreally',
  ])('is in the end what it is as a whole, however it came', (text) => {
    for (const size of [1, 2, 3, 5, 8, 1000]) {
      const streamed = new StreamedMarkdown(tools, () => undefined, (run) => run());
      for (const piece of text.match(new RegExp(`[^]{1,${size}}`, 'g'))!) streamed.push(piece);
      streamed.finish();
      expect(markup(streamed.element)).toBe(markup(render(text)));
      streamed.finish();
      expect(markup(streamed.element)).toBe(markup(render(text)));
    }
  });

  it('is another text in the end where the daemon says so', () => {
    const streamed = new StreamedMarkdown(tools, () => undefined, (run) => run());
    streamed.push('One.\n\nTwo.');
    streamed.finish('One [1].');
    expect(streamed.element.textContent).toContain('One [1].');
    expect(streamed.element.querySelectorAll('p')).toHaveLength(1);
  });

  it('leaves finished blocks alone', () => {
    const streamed = new StreamedMarkdown(tools, () => undefined, (run) => run());
    streamed.push('First.\n\nSecond');
    streamed.push(' continues.\n\n');
    const first = streamed.element.querySelector('p');
    streamed.push('Third.');
    streamed.finish();
    expect(streamed.element.querySelector('p')).toBe(first);
  });

  it('shows code while it is being written', () => {
    expect(stream(['```py\n', 'a = 1\n', 'b =']).querySelector('code')?.textContent).toBe('a = 1\nb =');
  });

  it('shows it in colours, the same as when it is whole', () => {
    const code = '# one\nclass A:\n    """Two\n    lines"""\n    def f(self):\n        x = 1\n        y = x\n        return "a" + f(y)\n';
    for (const size of [1, 2, 3, 7, 50, 1000]) {
      const shown = stream(`\`\`\`python\n${code}`.match(new RegExp(`[^]{1,${size}}`, 'g'))!).querySelector('code')!;
      const coloured = (element: Element): string[] => [...element.querySelectorAll('[class^="hl-"]')].map((span) => `${span.className} ${span.textContent}`);
      expect(coloured(shown)).toEqual(coloured(render(`\`\`\`python\n${code}\`\`\`\n`).querySelector('code')!));
    }
  });

  it('colours a line once, however many follow', () => {
    const streamed = new StreamedMarkdown(tools, () => undefined, (run) => run());
    streamed.push('```python\ndef f():\n    return 1\n');
    streamed.push('x = 2\n');
    const first = streamed.element.querySelector('.hl-keyword');
    streamed.push('y = 3\n');
    expect(streamed.element.querySelector('.hl-keyword')).toBe(first);
  });

  it('renders once a frame however many pieces come', () => {
    let frames = 0;
    const waiting: (() => void)[] = [];
    const streamed = new StreamedMarkdown(tools, () => frames++, (run) => waiting.push(run));
    for (let index = 0; index < 100; index++) streamed.push('word ');
    for (const run of waiting) run();
    expect(frames).toBe(1);
  });
});

describe('commands for a shell', () => {
  it.each([
    ['bash', 'make test\n', 'make test'],
    ['console', '$ make test\n5 passed\n$ git push\n', 'make test\ngit push'],
    ['sh', '$ ls\n', 'ls'],
    ['sh', '#!/bin/sh\nls\n', ''],
    ['console', 'only what was printed\n', ''],
    ['python', 'import os\n', ''],
  ])('%s %j', (language, text, command) => expect(commandOf(text, language)).toBe(command));

  it('run in a terminal, all other code is applied', () => {
    const root = render('```bash\nmake\n```\n\n```python\nx = 1\n```\n\n```bash run.sh\nmake\n```\n');
    const labels = [...root.querySelectorAll('.code-block')].map((block) => [...block.querySelectorAll('.code-tool')].at(-1)!.textContent);
    expect(labels).toEqual(['Run', 'Apply', 'Apply']);
    root.querySelector<HTMLElement>('.code-tool[title="Run"]')!.click();
    expect(ran).toEqual(['make']);
  });
});
