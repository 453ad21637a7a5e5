// Replaces the package `entities` in the webview's bundle: the names people write, instead of all 2,231.

const NAMES: Record<string, string> = Object.fromEntries(
  (
    'amp=& lt=< gt=> quot=" apos=\' nbsp=\u00a0 copy=© reg=® trade=™ hellip=… mdash=— ndash=– lsquo=‘ rsquo=’ ldquo=“ rdquo=” laquo=« raquo=» bull=• middot=· ' +
    'times=× divide=÷ plusmn=± deg=° micro=µ para=¶ sect=§ euro=€ pound=£ yen=¥ cent=¢ larr=← uarr=↑ rarr=→ darr=↓ harr=↔ rArr=⇒ lArr=⇐ hArr=⇔ ' +
    'le=≤ ge=≥ ne=≠ asymp=≈ equiv=≡ infin=∞ sum=∑ prod=∏ radic=√ isin=∈ forall=∀ exist=∃ and=∧ or=∨ not=¬ alpha=α beta=β gamma=γ delta=δ epsilon=ε lambda=λ ' +
    'mu=μ pi=π sigma=σ tau=τ phi=φ omega=ω Delta=Δ Sigma=Σ Omega=Ω frac12=½ frac14=¼ frac34=¾ sup2=² sup3=³ check=✓ star=☆ aacute=á eacute=é iacute=í oacute=ó ' +
    'uacute=ú ntilde=ñ auml=ä ouml=ö uuml=ü szlig=ß agrave=à egrave=è ccedil=ç iquest=¿ iexcl=¡'
  )
    .split(' ')
    .filter((pair) => pair.includes('='))
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
);

const ENTITY = /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z][a-z0-9]{1,31}));/gi;

/** The text with its entities replaced; a name that is not known stays as it is. */
export function decodeHTML(text: string): string {
  return text.replace(ENTITY, (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
    if (name) return NAMES[name] ?? whole;
    const code = hex ? parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : '\ufffd';
  });
}

export const decodeHTMLStrict = decodeHTML;
