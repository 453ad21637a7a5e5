// Which parts of code are comments, strings, numbers, keywords, types and calls, by a table of languages. Small on purpose: it
// need not understand a language, it must never be slow or wrong about where a string ends. No page is needed for it.

interface Language {
  keywords: Set<string>;
  pattern: RegExp;
}

interface Description {
  names: string;
  keywords: string;
  /** Start of a comment to the end of the line. */
  line?: string[];
  block?: [string, string][];
  /** Quotes of strings; three of the same are a string over lines. */
  quotes?: string;
}

const C_LIKE = { line: ['//'], block: [['/*', '*/'] as [string, string]], quotes: `"'` };
const HASH = { line: ['#'], quotes: `"'` };

const DESCRIPTIONS: Description[] = [
  { names: 'python py', ...HASH, quotes: `""" ''' " '`, keywords: 'and as assert async await break case class continue def del elif else except False finally for from global if import in is lambda match None nonlocal not or pass raise return self True try while with yield' },
  { names: 'javascript js jsx mjs typescript ts tsx', ...C_LIKE, quotes: '"\'`', keywords: 'abstract any as async await boolean break case catch class const continue declare default delete do else enum export extends false finally for from function get if implements import in infer instanceof interface is keyof let namespace never new null number of private protected public readonly return satisfies set static string super switch symbol this throw true try type typeof undefined unknown var void while with yield' },
  { names: 'java kotlin kt scala', ...C_LIKE, quotes: `""" " '`, keywords: 'abstract as boolean break byte case catch char class companion const continue data def default do double else enum extends false final finally float for fun if implements import in instanceof int interface internal is lazy long new null object open override package private protected public record return sealed short static super suspend switch synchronized this throw throws trait true try typealias val var void volatile when while yield' },
  { names: 'c h cpp c++ cc hpp cs csharp c# objective-c', ...C_LIKE, keywords: 'abstract alignas as async auto await base bool break case catch char class const constexpr continue decltype default delete do double dynamic_cast else enum explicit extern false finally float for foreach friend get goto if in inline int interface internal is long mutable namespace new noexcept null nullptr object operator out override params private protected public readonly ref register return sealed set short signed sizeof static static_cast string struct switch template this throw true try typedef typename union unsigned using var virtual void volatile while yield' },
  { names: 'go golang', ...C_LIKE, quotes: '"\'`', keywords: 'any bool break byte case chan const continue default defer else error fallthrough false float64 for func go goto if import int int64 interface iota map nil package range return rune select string struct switch true type var' },
  { names: 'rust rs', ...C_LIKE, quotes: '"', keywords: 'as async await bool break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static str struct super trait true type unsafe use usize where while i32 i64 u8 u32 u64 f64' },
  { names: 'ruby rb', ...HASH, keywords: 'alias and begin break case class def defined do else elsif end ensure false for if in module next nil not or redo require rescue retry return self super then true undef unless until when while yield' },
  { names: 'php', line: ['//', '#'], block: [['/*', '*/']], quotes: `"'`, keywords: 'abstract and array as break case catch class clone const continue declare default do echo else elseif enum extends false final finally fn for foreach function global if implements include instanceof interface isset match namespace new null or private protected public readonly require return static switch this throw trait true try unset use var while yield' },
  { names: 'swift', ...C_LIKE, quotes: `""" "`, keywords: 'actor as associatedtype async await break case catch class continue default defer deinit do else enum extension fallthrough false fileprivate for func guard if import in init inout internal is let nil open operator override private protocol public repeat return self static struct subscript super switch throw throws true try typealias var weak where while' },
  { names: 'bash sh shell zsh console fish', ...HASH, keywords: 'alias break case cd continue do done echo elif else esac eval exec exit export fi for function if in local read return set shift source then trap unset until while' },
  { names: 'powershell ps1', line: ['#'], block: [['<#', '#>']], quotes: `"'`, keywords: 'begin break catch continue do else elseif end exit filter finally for foreach function if in param process return switch throw trap try until using while' },
  { names: 'json jsonc json5', ...C_LIKE, quotes: '"', keywords: 'true false null' },
  { names: 'yaml yml', ...HASH, keywords: 'true false null yes no on off' },
  { names: 'toml ini cfg conf properties dotenv', line: ['#', ';'], quotes: `""" ''' " '`, keywords: 'true false' },
  { names: 'css scss less', ...C_LIKE, keywords: 'important media import supports keyframes from to and not only' },
  { names: 'sql', line: ['--'], block: [['/*', '*/']], quotes: `'"`, keywords: 'add all alter and as asc begin between by case check column commit constraint create cross default delete desc distinct drop else end exists false foreign from full group having if in index inner insert into is join key left like limit not null offset on or order outer primary references right rollback select set table then true union unique update using values view when where with' },
  { names: 'lua', line: ['--'], block: [['--[[', ']]']], quotes: `"'`, keywords: 'and break do else elseif end false for function goto if in local nil not or repeat return then true until while' },
  { names: 'html xml svg vue svelte', block: [['<!--', '-->']], quotes: `"'`, keywords: '' },
  { names: 'dockerfile docker makefile make', ...HASH, keywords: 'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL RUN SHELL USER VOLUME WORKDIR AS define else endef endif export ifdef ifeq ifndef ifneq include override' },
  { names: 'haskell hs elm', line: ['--'], block: [['{-', '-}']], quotes: '"', keywords: 'case class data default deriving do else forall if import in infix instance let module newtype of then type where' },
  { names: 'r julia jl elixir ex', ...HASH, quotes: `""" " '`, keywords: 'abstract begin break case cond def defmodule defp do else elseif end export FALSE false fn for function if import in let library macro module mutable next NULL nil quote repeat return struct then TRUE true try use using when where while with' },
];

const LANGUAGES = new Map<string, Language>();
for (const description of DESCRIPTIONS) {
  const language = { keywords: new Set(description.keywords.split(' ')), pattern: patternOf(description) };
  for (const name of description.names.split(' ')) LANGUAGES.set(name, language);
}

/** Longer code than this is shown plain: highlighting would not help. */
const LONGEST = 200_000;

export interface CodeToken {
  text: string;
  kind?: 'comment' | 'string' | 'number' | 'keyword' | 'call' | 'type';
}

/** Pieces of the code, whose text together is exactly `text`; one plain piece for an unknown language. */
export function tokensOf(text: string, name: string): CodeToken[] {
  const language = LANGUAGES.get(name);
  if (!language || text.length > LONGEST) return [{ text }];
  const tokens: CodeToken[] = [];
  let last = 0;
  for (const match of text.matchAll(language.pattern)) {
    const kind = kindOf(match, language, text);
    if (!kind) continue;
    if (match.index > last) tokens.push({ text: text.slice(last, match.index) });
    tokens.push({ text: match[0], kind });
    last = match.index + match[0].length;
  }
  if (last < text.length) tokens.push({ text: text.slice(last) });
  return tokens;
}

function kindOf(match: RegExpExecArray, language: Language, text: string): CodeToken['kind'] {
  const { comment, string, number, word } = match.groups!;
  if (comment) return 'comment';
  if (string) return 'string';
  if (number) return 'number';
  if (!word) return undefined;
  if (language.keywords.has(word) || (language.keywords.has(word.toLowerCase()) && word === word.toUpperCase())) return 'keyword';
  if (text[match.index + word.length] === '(') return 'call';
  return /^[A-Z][a-z]/.test(word) ? 'type' : undefined;
}

// The pattern of a string matches wherever one begins, however it ends: hostile text is tried once, not at every character.
function patternOf({ line = [], block = [], quotes = '' }: Description): RegExp {
  const comments = [...block.map(([start, end]) => `${escape(start)}[^]*?(?:${escape(end)}|$)`), ...line.map((start) => `${escape(start)}.*`)];
  const strings = (quotes.includes(' ') ? quotes.split(' ') : [...quotes]).map((quote) =>
    quote.length === 3 ? `${quote}[^]*?(?:${quote}|$)` : quote === '`' ? '`(?:\\\\[^]|[^`\\\\])*(?:`|\\\\?$)' : `${quote}(?:\\\\.|[^${quote}\\\\\\n])*(?:${quote}|\\\\?(?=\\n|$))`,
  );
  const group = (name: string, parts: string[]): string => (parts.length > 0 ? `(?<${name}>${parts.join('|')})` : `(?<${name}>(?!))`);
  return new RegExp(`${group('comment', comments)}|${group('string', strings)}|(?<number>\\b(?:0[xob][\\da-f_]+|\\d[\\d_]*(?:\\.\\d+)?(?:e[+-]?\\d+)?)\\b)|(?<word>[\\p{L}_$][\\p{L}\\p{N}_$]*)`, 'giu');
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
