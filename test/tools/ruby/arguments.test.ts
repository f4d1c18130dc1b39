import { expect, test } from "bun:test";
import { asksSource, variableOf } from "../../../src/tools/ruby/bundle.ts";
import { shortenedOption } from "../../../src/tools/ruby/arguments.ts";
import { readSources } from "../../../src/tools/ruby/gem.ts";
import { requires } from "../../requires.ts";

const configured = ["https://rubygems.org/"];

test.each<[args: string[], sources: string[], rest: string[]]>([
  [["install", "a"], configured, ["install", "a"]],
  [
    ["install", "-s", "https://a.example", "a"],
    [...configured, "https://a.example/"],
    ["install", "a"],
  ],
  [
    ["install", "-shttps://a.example/", "a"],
    [...configured, "https://a.example/"],
    ["install", "a"],
  ],
  [["install", "--source=https://rubygems.org/"], configured, ["install"]],
  [["install", "--clear-sources", "--source", "https://a.example"], ["https://a.example/"], ["install"]],
  [
    ["install", "--clear-sources", "-s", "https://a.example", "-s", "https://b.example"],
    ["https://a.example/", "https://b.example/"],
    ["install"],
  ],
  [["install", "--source", "https://a.example", "--clear-sources"], configured, ["install"]],
  [["install", "a", "--", "-s", "x"], configured, ["install", "a", "--", "-s", "x"]],
])("gem %j has the sources %j", (args, sources, rest) => {
  expect(readSources(args, configured)).toEqual({ sources, args: rest });
});

test.skipIf(!requires("gem", "ruby"))("the real gem reads the same sources from the same arguments", () => {
  const lines = [
    ["install", "-s", "https://a.example", "x"],
    ["install", "-shttps://a.example/", "x"],
    ["install", "--clear-sources", "--source", "https://a.example", "x"],
    ["install", "--clear-sources", "-s", "https://a.example", "--source=https://b.example", "x"],
    ["install", "--source", "https://a.example", "--clear-sources", "x"],
  ];
  const program = `require "json"; require "rubygems/commands/install_command"
    puts JSON.generate(JSON.parse(STDIN.read).map { |args| Gem.sources = nil; Gem::Commands::InstallCommand.new.handle_options(args.drop(1)); Gem.sources.to_a })`;
  const run = Bun.spawnSync(["ruby", "-e", program], {
    stdin: Buffer.from(JSON.stringify(lines)),
    env: { PATH: process.env["PATH"], HOME: "/nonexistent" },
  });
  expect(JSON.parse(run.stdout.toString())).toEqual(lines.map((args) => readSources(args, configured).sources));
});

test.each<[command: string, asks: boolean]>([
  ["", true],
  ["install", true],
  ["inst", true],
  ["i", true],
  ["update rake", true],
  ["_2.3.15_ install", true],
  ["--verbose outdated", true],
  ["add x -v 1", true],
  ["exec rake install", false],
  ["e install", false],
  ["config", false],
  ["--version", false],
  ["-v", false],
  ["install --help", false],
  ["help install", false],
  ["console", false],
])("whether `bundle %s` asks a source: %p", (command, asks) => {
  expect(asksSource(command.split(" ").filter((word) => word !== ""))).toBe(asks);
});

test.skipIf(!requires("bundle", "ruby"))(
  "Bundler looks for the credentials of a source in the variable that Vouch sets",
  () => {
    const endpoints = [
      "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/ruby/my-repo/",
      "https://a--b-123456789012.d.codeartifact.eu-west-1.amazonaws.com/ruby/My_Repo.x-y/",
      "https://vpce-0a-1b.d.codeartifact.us-east-1.vpce.amazonaws.com/ruby/d/my-domain-123456789012/my-repo",
    ];
    const program = `require "json"; require "bundler"; puts JSON.generate(JSON.parse(STDIN.read).map { |url| Bundler::Settings.key_for(url) })`;
    const run = Bun.spawnSync(["ruby", "-e", program], { stdin: Buffer.from(JSON.stringify(endpoints)) });
    expect(JSON.parse(run.stdout.toString())).toEqual(endpoints.map(variableOf));
  },
);

test.each<[string[], string | undefined]>([
  [["push", "--ho", "http://evil.example", "a.gem"], "--host"],
  [["push", "--hos=http://evil.example", "a.gem"], "--host"],
  [["push", "--h", "x", "a.gem"], "--host"],
  [["push", "--con", "c.yml", "a.gem"], "--config-file"],
  [["install", "--sourc=http://evil.example", "a"], "--source"],
  [["install", "--clear-source", "a"], "--clear-sources"],
  [["push", "--host", "https://a.example", "--host=https://b.example", "a.gem"], undefined],
  [["push", "--otp", "1", "--key=a", "a.gem"], undefined],
  [["install", "a", "--", "--ho=x"], undefined],
])("gem would take the shortened option of %j for another one", (args, whole) => {
  expect(shortenedOption(args)?.whole).toBe(whole);
});
