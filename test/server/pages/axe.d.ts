/** The source of axe-core, as text. */
declare module "*/axe.min.js" {
  const text: string;
  export default text;
}
