/**
 * Parameters are plain named trees: records from dotted names, the same as PyTorch's, to values.
 *
 * @packageDocumentation
 */

export type Tree<T> = Readonly<Record<string, T>>;

export const mapTree = <T, U>(tree: Tree<T>, f: (value: T, name: string) => U): Tree<U> =>
  Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, f(value, name)]));

/** The member of that name. */
export function member<T>(tree: Tree<T>, name: string): T {
  const value = tree[name];
  if (value === undefined)
    throw new RangeError(`there is no "${name}" among ${Object.keys(tree).join(", ")}`);
  return value;
}

/** The members whose names start with `prefix`, under the rest of their names. */
export const subtree = <T>(tree: Tree<T>, prefix: string): Tree<T> =>
  Object.fromEntries(
    Object.entries(tree)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );

/** The same members, each name after `prefix`. */
export const prefixed = <T>(tree: Tree<T>, prefix: string): Tree<T> =>
  Object.fromEntries(Object.entries(tree).map(([name, value]) => [prefix + name, value]));
