// As `nest new` of Nest 11 has it, but for `isolatedModules`: types are checked by the compiler, once.
module.exports = {
  testEnvironment: 'node',
  testRegex: String.raw`\.spec\.ts$`,
  moduleNameMapper: { [String.raw`^(\.{1,2}/.*)\.js$`]: '$1' },
  transform: { [String.raw`\.ts$`]: 'ts-jest' },
};
