import { describe, expect, it } from 'vitest';
import { dropKey, getKey, keepKey, originOf, type Storage } from '../src/providers/secrets';

function storage(): Storage & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    get: (name) => Promise.resolve(kept.get(name)),
    store: (name, value) => Promise.resolve(void kept.set(name, value)),
    delete: (name) => Promise.resolve(void kept.delete(name)),
  };
}

describe('a key', () => {
  it.each([
    ['https://api.example.com', 'sk-1'],
    ['https://api.example.com/v1', 'sk-1'],
    ['https://api.example.com:443', 'sk-1'],
    ['http://api.example.com', null],
    ['https://api.example.com:8443', null],
    ['https://api.example.com.evil.org', null],
    ['https://evil.org/?https://api.example.com', null],
    ['https://api.example.com@evil.org', null],
    ['', null],
    ['not an address', null],
  ])('that belongs to https://api.example.com, asked for %j', async (origin, key) => {
    const kept = storage();
    await keepKey(kept, 'lab', 'https://api.example.com/v1', 'sk-1');
    expect(await getKey(kept, 'lab', origin)).toBe(key);
  });

  it('is of one provider', async () => {
    const kept = storage();
    await keepKey(kept, 'lab', 'https://api.example.com', 'sk-1');
    expect(await getKey(kept, 'other', 'https://api.example.com')).toBeNull();
  });

  it('is gone when it was removed, and replaced for another address', async () => {
    const kept = storage();
    await keepKey(kept, 'lab', 'https://one.example.com', 'sk-1');
    await keepKey(kept, 'lab', 'https://two.example.com', 'sk-2');
    expect(await getKey(kept, 'lab', 'https://one.example.com')).toBeNull();
    await dropKey(kept, 'lab');
    expect(kept.kept.size).toBe(0);
  });

  it('is not kept for what is no address', async () => {
    await expect(keepKey(storage(), 'lab', 'file:///etc/passwd', 'sk-1')).rejects.toThrow();
    expect(() => originOf('data:text/plain,x')).toThrow();
  });

  it('is not found in what something else has stored', async () => {
    const kept = storage();
    for (const text of ['', 'sk-raw', '[]', '{"key": "sk"}', 'null']) {
      kept.kept.set('halley.key.lab', text);
      expect(await getKey(kept, 'lab', 'https://api.example.com')).toBeNull();
    }
  });
});
