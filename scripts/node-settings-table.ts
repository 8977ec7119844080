import { z } from "zod";

/**
 * The settings of a node as rows of a table, from the schema that checks them. A setting that only some variants of a
 * node have gets a row for each of those; members of objects and lists get rows of their own.
 */
export interface SettingRow {
  /** `schedule.monthdays[].pos` */
  name: string;
  type: string;
  /** `yes`, empty, or under which condition. */
  required: string;
  default: string;
  meaning: string;
}

type Schema = z.core.JSONSchema.BaseSchema;

export function settingRows(config: z.ZodType): SettingRow[] {
  return rowsOf(toJsonSchema(config), "");
}

/** The author's input: before defaults and transformations. A preprocessor is described by the schema it feeds. */
function toJsonSchema(config: z.core.$ZodType): Schema {
  return z.toJSONSchema(config, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      const { def } = zodSchema._zod;
      if (def.type === "pipe" && def.in._zod.def.type === "transform")
        Object.assign(jsonSchema, toJsonSchema(def.out));
      // zod omits the defaults of transformed values, because they may have another type.
      const fallback = z.globalRegistry.get(zodSchema as z.core.$ZodType)?.["default"];
      if (fallback !== undefined) Object.assign(jsonSchema, { default: fallback });
    },
  });
}

function rowsOf(schema: Schema, prefix: string): SettingRow[] {
  const alternatives = schemasOf(schema).filter(({ properties }) => properties !== undefined);
  const [first] = alternatives;
  if (first === undefined) return [];
  const all = new Set(alternatives.flatMap(({ properties = {} }) => Object.keys(properties)));
  const chooser = [...all].find((name) => alternatives.every((one) => constOf(one, name) !== undefined));
  const names = chooser === undefined ? all : new Set([chooser, ...all]);
  return [...names].flatMap((name): SettingRow[] => {
    const having = alternatives.filter(({ properties = {} }) => Object.hasOwn(properties, name));
    if (name === chooser && alternatives.length > 1) {
      const values = having.map((one) => code(constOf(one, name)));
      return [{ ...rowOf(first, name, prefix, "yes"), type: values.join(", ") }];
    }
    const isEverywhere = having.length === alternatives.length && areAlike(having, name);
    return (isEverywhere ? having.slice(0, 1) : having).flatMap((one) => {
      const isRequired = one.required?.includes(name) === true;
      const where =
        isEverywhere || chooser === undefined ? "" : `with \`${chooser}\` ${code(constOf(one, chooser))}`;
      const required = where === "" ? (isRequired ? "yes" : "") : isRequired ? where : `only ${where}`;
      return [rowOf(one, name, prefix, required), ...insideOf(one, name, prefix)];
    });
  });
}

function rowOf(parent: Schema, name: string, prefix: string, required: string): SettingRow {
  const schema = memberOf(parent, name);
  return {
    name: prefix + name,
    type: typeOf(schema),
    required,
    default: schema.default === undefined ? "" : code(schema.default),
    meaning: schema.description ?? "",
  };
}

function insideOf(parent: Schema, name: string, prefix: string): SettingRow[] {
  return schemasOf(memberOf(parent, name)).flatMap((schema) => {
    if (schema.type === "array") return rowsOf(itemOf(schema), `${prefix}${name}[].`);
    return schema.properties === undefined ? [] : rowsOf(schema, `${prefix}${name}.`);
  });
}

function typeOf(schema: Schema): string {
  return schemasOf(schema).map(simpleType).join(" or ");
}

function simpleType(schema: Schema): string {
  const { type, enum: values, minimum, maximum } = schema;
  if (schema.const !== undefined) return code(schema.const);
  if (values !== undefined)
    return values
      .filter((value) => value !== "")
      .map(code)
      .join(", ");
  if (type === "array") {
    const item = typeOf(itemOf(schema));
    return item === "object" ? "list of objects" : `list of ${item}`;
  }
  if (type === "integer") {
    const isOpen = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER;
    return `whole number, ${isOpen ? `${minimum} or more` : `${minimum} to ${maximum}`}`;
  }
  return type === "string" ? "text" : String(type);
}

/** The alternatives except null and the empty text; these only if there is nothing else. */
function schemasOf(schema: Schema): Schema[] {
  const { type } = schema;
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives !== undefined) {
    const written = alternatives.flatMap(asSchema).flatMap(schemasOf);
    const more = written.filter((one) => one.type !== "null" && one.const !== "");
    return more.length > 0 ? more : written.slice(0, 1);
  }
  if (!Array.isArray(type)) return [schema];
  return type
    .filter((one: string) => one !== "null")
    .map((one: string) => ({ ...schema, type: one }) as Schema);
}

function memberOf({ properties = {} }: Schema, name: string): Schema {
  return asSchema(properties[name])[0] ?? {};
}

function itemOf({ items }: Schema): Schema {
  return (Array.isArray(items) ? {} : asSchema(items)[0]) ?? {};
}

/** JSON Schema also allows booleans as schemas; these have nothing to show. */
function asSchema(schema: unknown): Schema[] {
  return typeof schema === "object" && schema !== null ? [schema as Schema] : [];
}

function constOf(schema: Schema, name: string): unknown {
  return memberOf(schema, name).const;
}

function areAlike(schemas: Schema[], name: string): boolean {
  return new Set(schemas.map((schema) => JSON.stringify(memberOf(schema, name)))).size === 1;
}

function code(value: unknown): string {
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}
