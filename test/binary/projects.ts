/** Small projects of a developer, written into a folder: what cargo, npm, pip and Maven work on in the tests and the demo. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

function write(folder: string, files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** A Rust library crate, to publish. */
export function crateProject(folder: string, name: string, registry: string): string {
  return write(folder, {
    "Cargo.toml": `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2021"\ndescription = "A private crate"\nlicense = "MIT"\npublish = ["${registry}"]\n`,
    "src/lib.rs": `pub fn greeting() -> &'static str {\n    "hello from ${name}"\n}\n`,
  });
}

/** A Rust program that uses the crate. */
export function crateUserProject(folder: string, crate: string, registry: string): string {
  return write(folder, {
    "Cargo.toml": `[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\n${crate} = { version = "0.1", registry = "${registry}" }\n`,
    "src/main.rs": `fn main() {\n    println!("{}", ${crate.replaceAll("-", "_")}::greeting());\n}\n`,
  });
}

/** An npm package, to publish. */
export function npmProject(folder: string, name: string): string {
  return write(folder, {
    "package.json": `${JSON.stringify({ name, version: "1.0.0", main: "index.js", license: "MIT" }, null, 2)}\n`,
    "index.js": `module.exports = "hello from ${name}";\n`,
  });
}

/** An npm project that uses the package, and lets its install scripts run, which npm 12 does not by itself. */
export function npmUserProject(folder: string, dependency: string): string {
  const allowed = { allowScripts: { [dependency]: true } };
  const manifest = {
    name: "app",
    version: "1.0.0",
    private: true,
    dependencies: { [dependency]: "^1.0.0" },
    ...allowed,
  };
  return write(folder, { "package.json": `${JSON.stringify(manifest, null, 2)}\n` });
}

/** A gem, to build and push. `more` are lines of its specification. */
export function gemProject(folder: string, name: string, more = "", files: Record<string, string> = {}): string {
  return write(folder, {
    [`${name}.gemspec`]: `Gem::Specification.new do |s|
  s.name = "${name}"
  s.version = "1.0.0"
  s.summary = "A private gem"
  s.authors = ["Dev"]
  s.files = Dir["lib/**/*.rb"] + Dir["ext/**/*"]
  ${more}
end
`,
    [`lib/${name}.rb`]: `HELLO = "hello from ${name}"\n`,
    ...files,
  });
}

/** A program in Ruby that uses the gem `my-gem`; its Gemfile is the documentation's or the test's. */
export function gemUserProject(folder: string): string {
  return write(folder, { "app.rb": 'require "my-gem"\nputs HELLO\n' });
}

function mavenPom(artifact: string, more: string): string {
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId>
  <artifactId>${artifact}</artifactId>
  <version>1.0.0</version>
  <properties>
    <maven.compiler.source>11</maven.compiler.source>
    <maven.compiler.target>11</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
${more}</project>
`;
}

/** A Java library for Maven, `com.example:my-artifact`. */
export function mavenProject(folder: string): string {
  return write(folder, {
    "pom.xml": mavenPom("my-artifact", ""),
    "src/main/java/com/example/Greeting.java": `package com.example;\n\npublic class Greeting {\n  public static String text() {\n    return "hello from my-artifact";\n  }\n}\n`,
  });
}

/** A Java program that uses the library. */
export function mavenUserProject(folder: string): string {
  const dependency =
    "  <dependencies><dependency><groupId>com.example</groupId><artifactId>my-artifact</artifactId><version>1.0.0</version></dependency></dependencies>\n";
  return write(folder, {
    "pom.xml": mavenPom("maven-app", dependency),
    "src/main/java/com/example/App.java": `package com.example;\n\npublic class App {\n  public static void main(String[] args) {\n    System.out.println(Greeting.text());\n  }\n}\n`,
  });
}
