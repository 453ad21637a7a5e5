// StyLua on a tree: `node stylua.mjs MODULES TREE [--check]`. Its npm package is the library alone, built for any
// machine; the settings are TREE/stylua.toml, which the program of the same name reads too.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

const [modules, tree, ...options] = process.argv.slice(2)
const stylua = createRequire(resolve(modules) + '/')('@johnnymorganz/stylua')

const NAMED = { syntax: 'LuaVersion', indent_type: 'IndentType', quote_style: 'QuoteStyle' }

function config() {
  const made = stylua.Config.new()
  for (const line of readFileSync(join(tree, 'stylua.toml'), 'utf8').split('\n')) {
    const [, name, value] = /^(\w+) = (.+)$/.exec(line) ?? []
    if (name) made[name] = NAMED[name] ? stylua[NAMED[name]][JSON.parse(value)] : JSON.parse(value)
  }
  return made
}

function format(path, text) {
  try {
    return stylua.formatCode(text, config(), undefined, stylua.OutputVerification.Full)
  } catch (problem) {
    console.error(`${path}: ${problem}`)
    process.exit(1)
  }
}

let wrong = 0
for (const name of readdirSync(tree, { recursive: true }).filter((each) => each.endsWith('.lua'))) {
  const path = join(tree, name)
  const text = readFileSync(path, 'utf8')
  const formatted = format(path, text)
  if (formatted === text) continue
  wrong += 1
  if (options.includes('--check')) console.log(`${path} is not formatted: run \`make format\`.`)
  else writeFileSync(path, formatted)
}
process.exit(options.includes('--check') && wrong ? 1 : 0)
